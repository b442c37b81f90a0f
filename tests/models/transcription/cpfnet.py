"""CPF-Net: Feng et al., TMI 2020, as the forward pass of the authors' code."""

import torch.nn.functional as F
from torch import Tensor

from transcription.encoder import resnet34
from transcription.weights import Weights, bilinear, concatenate, softmax, twice


def cpfnet(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits."""
    c1, c2, c3, c4, c5 = resnet34(w, image)
    m2 = _gpg2(w, c2, c3, c4, c5)
    m3 = _gpg3(w, c3, c4, c5)
    m4 = _gpg4(w, c4, c5)
    d5 = _sapf(w, c5)
    d4 = (w.conv_norm_relu("steps.3.1", twice(d5)) + m4).relu()
    d3 = (_decoder_block(w, "steps.2", d4) + m3).relu()
    d2 = (_decoder_block(w, "steps.1", d3) + m2).relu()
    d1 = _decoder_block(w, "steps.0", d2) + c1
    head = w.conv_norm_relu("head.0", twice(d1))
    head = w.conv_norm_relu("head.1", head)
    return (w.conv("head.2", head),)


def _decoder_block(w: Weights, name: str, x: Tensor) -> Tensor:
    x = twice(w.conv_norm_relu(f"{name}.0", x))
    return w.conv_norm_relu(f"{name}.1.1", x)  # the code ignores that its caller asks for no ReLU


def _gpg2(w: Weights, c2: Tensor, c3: Tensor, c4: Tensor, c5: Tensor) -> Tensor:
    l2 = w.conv_norm_relu("guides.0.levels.0", c2)
    l3 = bilinear(w.conv_norm_relu("guides.0.levels.1", c3), like=c2)
    l4 = bilinear(w.conv_norm_relu("guides.0.levels.2", c4), like=c2)
    l5 = bilinear(w.conv_norm_relu("guides.0.levels.3", c5), like=c2)
    x = concatenate(l2, l3, l4, l5)
    y1 = _separable(w, "guides.0.dilated.0", x, dilation=1)
    y2 = _separable(w, "guides.0.dilated.1", x, dilation=2)
    y4 = _separable(w, "guides.0.dilated.2", x, dilation=4)
    y8 = _separable(w, "guides.0.dilated.3", x, dilation=8)
    return w.conv_norm("guides.0.out", concatenate(y1, y2, y4, y8))


def _gpg3(w: Weights, c3: Tensor, c4: Tensor, c5: Tensor) -> Tensor:
    l3 = w.conv_norm_relu("guides.1.levels.0", c3)
    l4 = bilinear(w.conv_norm_relu("guides.1.levels.1", c4), like=c3)
    l5 = bilinear(w.conv_norm_relu("guides.1.levels.2", c5), like=c3)
    x = concatenate(l3, l4, l5)
    y1 = _separable(w, "guides.1.dilated.0", x, dilation=1)
    y2 = _separable(w, "guides.1.dilated.1", x, dilation=2)
    y4 = _separable(w, "guides.1.dilated.2", x, dilation=4)
    return w.conv_norm("guides.1.out", concatenate(y1, y2, y4))


def _gpg4(w: Weights, c4: Tensor, c5: Tensor) -> Tensor:
    l4 = w.conv_norm_relu("guides.2.levels.0", c4)
    l5 = bilinear(w.conv_norm_relu("guides.2.levels.1", c5), like=c4)
    x = concatenate(l4, l5)
    y1 = _separable(w, "guides.2.dilated.0", x, dilation=1)
    y2 = _separable(w, "guides.2.dilated.1", x, dilation=2)
    return w.conv_norm("guides.2.out", concatenate(y1, y2))


def _separable(w: Weights, name: str, x: Tensor, *, dilation: int) -> Tensor:
    x = w.norm(f"{name}.1", w.conv(f"{name}.0", x, dilation=dilation, groups=x.shape[1]))
    return w.conv_norm_relu(f"{name}.2", x)


def _sapf(w: Weights, x: Tensor) -> Tensor:
    kernel, bias = w["sapf.shared.weight"], w["sapf.shared.bias"]
    near = w.norm("sapf.norms.0", F.conv2d(x, kernel, bias, padding=1, dilation=1))
    middle = w.norm("sapf.norms.1", F.conv2d(x, kernel, padding=2, dilation=2))
    far = w.norm("sapf.norms.2", F.conv2d(x, kernel, padding=4, dilation=4))
    fused = _select(w, _select(w, near, middle), far)
    gamma = w["sapf.gamma"]
    return w.conv_norm_relu("sapf.out", (gamma * fused + (1 - gamma) * x).relu())


def _select(w: Weights, a: Tensor, b: Tensor) -> Tensor:
    votes = w.conv("sapf.selector.0", concatenate(a, b)).relu()
    votes = w.conv("sapf.selector.2", votes).relu()
    share = softmax(w.conv("sapf.selector.4", votes), dim=1)
    return share[:, 0:1] * a + share[:, 1:2] * b
