"""CE-Net: Gu et al., TMI 2019, figs. 2 to 4, and the authors' code."""

import torch.nn.functional as F
from torch import Tensor

from transcription.decoder import decode
from transcription.encoder import resnet34
from transcription.weights import Weights, concatenate


def cenet(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits; height and width are 192 or more, as RMP requires."""
    maps = resnet34(w, image)
    full, _, _ = decode(w, _rmp(w, _dac(w, maps[4])), maps)
    return (w.conv("head", full),)


def _dac(w: Weights, x: Tensor) -> Tensor:
    branch1 = w.conv("dac.rate1", x, dilation=1)
    branch2 = w.conv("dac.mix", w.conv("dac.rate3", x, dilation=3))
    branch3 = w.conv("dac.rate3", w.conv("dac.rate1", x, dilation=1), dilation=3)
    branch4 = w.conv("dac.mix", w.conv("dac.rate5", branch3, dilation=5))
    branch3 = w.conv("dac.mix", branch3)
    return x + branch1.relu() + branch2.relu() + branch3.relu() + branch4.relu()


def _rmp(w: Weights, x: Tensor) -> Tensor:
    pool2 = _areas(w.conv("rmp.squeeze", F.max_pool2d(x, 2, stride=2)), like=x)
    pool3 = _areas(w.conv("rmp.squeeze", F.max_pool2d(x, 3, stride=3)), like=x)
    pool5 = _areas(w.conv("rmp.squeeze", F.max_pool2d(x, 5, stride=5)), like=x)
    pool6 = _areas(w.conv("rmp.squeeze", F.max_pool2d(x, 6, stride=6)), like=x)
    return concatenate(pool2, pool3, pool5, pool6, x)


def _areas(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` at the size of `like`, bilinear between the centres of the pixels' areas."""
    size = (like.shape[-2], like.shape[-1])
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
