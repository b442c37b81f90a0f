"""RPA/APF and its ablation: Wu et al., AAAI 2021, in the released and in the paper's reading."""

import torch
import torch.nn.functional as F
from torch import Tensor

from transcription.decoder import decode
from transcription.encoder import resnet34
from transcription.weights import Weights, bilinear, concatenate, nearest, softmax


def baseline(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the first row of table 1."""
    maps = resnet34(w, image)
    full, _, _ = decode(w, maps[4], maps)
    return (w.conv("head", full),)


def rpa_released(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the second row, with RPA as in the released model file."""
    maps = resnet34(w, image)
    full, _, _ = decode(w, _rpa_released(w, maps[4]), maps)
    return (w.conv("head", full),)


def rpa_paper(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the second row, with RPA as in the equations."""
    maps = resnet34(w, image)
    full, _, _ = decode(w, _rpa_paper(w, maps[4]), maps)
    return (w.conv("head", full),)


def apf_released(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the third row, with APF as in the released model file."""
    maps = resnet34(w, image)
    full, d1, d2 = decode(w, maps[4], maps)
    return (w.conv("head", _apf_released(w, full, d1, d2)),)


def apf_paper(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the third row, with APF as in the equations."""
    maps = resnet34(w, image)
    full, d1, d2 = decode(w, maps[4], maps)
    return (w.conv("head", _apf_paper(w, full, d1, d2)),)


def rpa_apf_released(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the fourth row, as in the released model file."""
    maps = resnet34(w, image)
    full, d1, d2 = decode(w, _rpa_released(w, maps[4]), maps)
    return (w.conv("head", _apf_released(w, full, d1, d2)),)


def rpa_apf_paper(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the fourth row, as in the equations."""
    maps = resnet34(w, image)
    full, d1, d2 = decode(w, _rpa_paper(w, maps[4]), maps)
    return (w.conv("head", _apf_paper(w, full, d1, d2)),)


def rpa_paper_row(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the second row, with the softmax of eq. 4 over rows, literally."""
    maps = resnet34(w, image)
    full, _, _ = decode(w, _rpa_paper_row(w, maps[4]), maps)
    return (w.conv("head", full),)


def rpa_apf_paper_row(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the fourth row, likewise."""
    maps = resnet34(w, image)
    full, d1, d2 = decode(w, _rpa_paper_row(w, maps[4]), maps)
    return (w.conv("head", _apf_paper(w, full, d1, d2)),)


def _rpa_released(w: Weights, x: Tensor) -> Tensor:
    x3 = bilinear(w.conv("rpa.attention.regions.0", F.adaptive_avg_pool2d(x, 3)), like=x)
    x7 = bilinear(w.conv("rpa.attention.regions.1", F.adaptive_avg_pool2d(x, 7)), like=x)
    x11 = bilinear(w.conv("rpa.attention.regions.2", F.adaptive_avg_pool2d(x, 11)), like=x)
    value = w.conv("rpa.attention.value", x)
    s3 = _aggregate(value, _omega(w, x3, "queries.0", "keys.0"))
    s7 = _aggregate(value, _omega(w, x7, "queries.0", "keys.0"))
    s11 = _aggregate(value, _omega(w, x11, "queries.0", "keys.0"))
    return x + w["rpa.gamma"] * w.conv_norm_relu("rpa.fuse", concatenate(s3, s7, s11))


def _rpa_paper(w: Weights, x: Tensor) -> Tensor:
    x3 = bilinear(w.conv("rpa.attention.regions.0", F.adaptive_avg_pool2d(x, 3)).relu(), like=x)
    x7 = bilinear(w.conv("rpa.attention.regions.1", F.adaptive_avg_pool2d(x, 7)).relu(), like=x)
    x11 = bilinear(w.conv("rpa.attention.regions.2", F.adaptive_avg_pool2d(x, 11)).relu(), like=x)
    value = w.conv("rpa.attention.value", x)
    s3 = _aggregate(value, _omega(w, x3, "queries.0", "keys.0"))
    s7 = _aggregate(value, _omega(w, x7, "queries.1", "keys.1"))
    s11 = _aggregate(value, _omega(w, x11, "queries.2", "keys.2"))
    return concatenate(x, s3, s7, s11)


def _rpa_paper_row(w: Weights, x: Tensor) -> Tensor:
    x3 = bilinear(w.conv("rpa.attention.regions.0", F.adaptive_avg_pool2d(x, 3)).relu(), like=x)
    x7 = bilinear(w.conv("rpa.attention.regions.1", F.adaptive_avg_pool2d(x, 7)).relu(), like=x)
    x11 = bilinear(w.conv("rpa.attention.regions.2", F.adaptive_avg_pool2d(x, 11)).relu(), like=x)
    value = w.conv("rpa.attention.value", x).flatten(2)
    s3 = value @ _omega(w, x3, "queries.0", "keys.0")
    s7 = value @ _omega(w, x7, "queries.1", "keys.1")
    s11 = value @ _omega(w, x11, "queries.2", "keys.2")
    sums = torch.cat([s3, s7, s11], dim=1)
    return concatenate(x, sums.view(len(x), -1, *x.shape[2:]))


def _omega(w: Weights, region: Tensor, query: str, key: str) -> Tensor:
    """Return softmax(Q^T K), N x HW x HW: [i, j] is the weight of key j, and row i sums to 1."""
    q, k = w.conv(f"rpa.attention.{query}", region), w.conv(f"rpa.attention.{key}", region)
    return softmax(torch.einsum("ncyx,ncvu->nyxvu", q, k).flatten(3).flatten(1, 2), dim=2)


def _aggregate(value: Tensor, omega: Tensor) -> Tensor:
    """Return V x Omega^T as a map."""
    return torch.einsum("ncj,nij->nci", value.flatten(2), omega).view(value.shape)


def _apf_released(w: Weights, full: Tensor, d1: Tensor, d2: Tensor) -> Tensor:
    d1 = w.norm("apf.from_half.1", w.conv("apf.from_half.0.conv", nearest(d1, 2))).relu()
    d2 = w.norm("apf.from_quarter.1", w.conv("apf.from_quarter.0.conv", nearest(d2, 4))).relu()
    f = w.conv("apf.fuse", concatenate(full, d1, d2))
    pooled = f.amax(dim=(2, 3))
    sigma = _along_channels(w["apf.channels.weight"], pooled).sigmoid()
    return f + w["apf.gamma"] * f * sigma[:, :, None, None]


def _apf_paper(w: Weights, full: Tensor, d1: Tensor, d2: Tensor) -> Tensor:
    d1, d2 = bilinear(d1, like=full), bilinear(d2, like=full)
    f = w.conv("apf.fuse", concatenate(full, d1, d2))
    pooled = f.mean(dim=(2, 3))
    pooled = _along_channels(w["apf.channels.0.weight"], pooled).relu()
    sigma = _along_channels(w["apf.channels.2.weight"], pooled).sigmoid()
    return f + f * sigma[:, :, None, None]


def _along_channels(taps: Tensor, pooled: Tensor) -> Tensor:
    """Return ECA's 1-D convolution of N x C numbers, k = 3, zeros outside."""
    padded = F.pad(pooled, (1, 1))
    before, at, after = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    return taps[0, 0, 0] * before + taps[0, 0, 1] * at + taps[0, 0, 2] * after
