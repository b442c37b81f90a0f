"""DA-Net: Fu et al., CVPR 2019, figs. 2 and 3, and the authors' code, on ResNet-34."""

import torch
from torch import Tensor

from transcription.encoder import dilated_resnet34
from transcription.weights import Weights, bilinear, softmax


def danet(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the head on the sum, the only head."""
    position, channel = _branches(w, image)
    return (bilinear(w.conv("heads.0.1", position + channel), like=image),)


def danet_supervised(w: Weights, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the logits of the heads on the sum, the position branch and the channel branch."""
    position, channel = _branches(w, image)
    return (
        bilinear(w.conv("heads.0.1", position + channel), like=image),
        bilinear(w.conv("heads.1.1", position), like=image),
        bilinear(w.conv("heads.2.1", channel), like=image),
    )


def _branches(w: Weights, image: Tensor) -> tuple[Tensor, Tensor]:
    top = dilated_resnet34(w, image)
    position = _position_attention(w, w.conv_norm_relu("position.0", top))
    channel = _channel_attention(w, w.conv_norm_relu("channel.0", top))
    return w.conv_norm_relu("position.2", position), w.conv_norm_relu("channel.2", channel)


def _position_attention(w: Weights, a: Tensor) -> Tensor:
    b, c = w.conv("position.1.query", a).flatten(2), w.conv("position.1.key", a).flatten(2)
    d = w.conv("position.1.value", a).flatten(2)
    s = softmax(torch.einsum("nkj,nki->nji", b, c), dim=2)
    e = w["position.1.alpha"] * torch.einsum("nji,nci->ncj", s, d)
    return e.view(a.shape) + a


def _channel_attention(w: Weights, a: Tensor) -> Tensor:
    flat = a.flatten(2)
    energy = torch.einsum("njp,nip->nji", flat, flat)
    x = softmax(energy.amax(dim=2, keepdim=True) - energy, dim=2)
    e = w["channel.1.beta"] * torch.einsum("nji,nip->njp", x, flat)
    return e.view(a.shape) + a
