"""ResNet-34: He et al., CVPR 2016, table 1, with the shortcut of the option B."""

import torch.nn.functional as F
from torch import Tensor

from transcription.weights import Weights

Maps = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def resnet34(w: Weights, image: Tensor) -> Maps:
    """Return the maps at /2, /4, /8, /16 and /32."""
    c1 = _stem(w, image)
    c2 = F.max_pool2d(c1, 3, stride=2, padding=1)
    c2 = _block(w, "encoder.layer1.0", c2)
    c2 = _block(w, "encoder.layer1.1", c2)
    c2 = _block(w, "encoder.layer1.2", c2)
    c3 = _block(w, "encoder.layer2.0", c2, stride=2)
    c3 = _block(w, "encoder.layer2.1", c3)
    c3 = _block(w, "encoder.layer2.2", c3)
    c3 = _block(w, "encoder.layer2.3", c3)
    c4 = _block(w, "encoder.layer3.0", c3, stride=2)
    c4 = _block(w, "encoder.layer3.1", c4)
    c4 = _block(w, "encoder.layer3.2", c4)
    c4 = _block(w, "encoder.layer3.3", c4)
    c4 = _block(w, "encoder.layer3.4", c4)
    c4 = _block(w, "encoder.layer3.5", c4)
    c5 = _block(w, "encoder.layer4.0", c4, stride=2)
    c5 = _block(w, "encoder.layer4.1", c5)
    c5 = _block(w, "encoder.layer4.2", c5)
    return c1, c2, c3, c4, c5


def dilated_resnet34(w: Weights, image: Tensor) -> Tensor:
    """Return the top map at /8: dilations instead of the last two strides (DA-Net's code)."""
    c1 = _stem(w, image)
    x = F.max_pool2d(c1, 3, stride=2, padding=1)
    x = _block(w, "encoder.layer1.0", x)
    x = _block(w, "encoder.layer1.1", x)
    x = _block(w, "encoder.layer1.2", x)
    x = _block(w, "encoder.layer2.0", x, stride=2)
    x = _block(w, "encoder.layer2.1", x)
    x = _block(w, "encoder.layer2.2", x)
    x = _block(w, "encoder.layer2.3", x)
    x = _block(w, "encoder.layer3.0", x, first=1, second=2)
    x = _block(w, "encoder.layer3.1", x, first=2, second=2)
    x = _block(w, "encoder.layer3.2", x, first=2, second=2)
    x = _block(w, "encoder.layer3.3", x, first=2, second=2)
    x = _block(w, "encoder.layer3.4", x, first=2, second=2)
    x = _block(w, "encoder.layer3.5", x, first=2, second=2)
    x = _block(w, "encoder.layer4.0", x, first=2, second=4)
    x = _block(w, "encoder.layer4.1", x, first=4, second=4)
    return _block(w, "encoder.layer4.2", x, first=4, second=4)


def _stem(w: Weights, image: Tensor) -> Tensor:
    return w.norm("encoder.bn1", w.conv("encoder.conv1", image, stride=2)).relu()


def _block(
    w: Weights, name: str, x: Tensor, *, stride: int = 1, first: int = 1, second: int = 1
) -> Tensor:
    """Return one basic block; `first` and `second` are the dilations of its convolutions."""
    y = w.norm(f"{name}.bn1", w.conv(f"{name}.conv1", x, stride=stride, dilation=first)).relu()
    y = w.norm(f"{name}.bn2", w.conv(f"{name}.conv2", y, dilation=second))
    shortcut = x
    if f"{name}.downsample.0.weight" in w:
        shortcut = w.conv(f"{name}.downsample.0", x, stride=stride)
        shortcut = w.norm(f"{name}.downsample.1", shortcut)
    return (y + shortcut).relu()
