"""U-Net and Attention U-Net, in the form of the ports; the latter also with its authors' gates."""

import torch.nn.functional as F
from torch import Tensor

from transcription.weights import Weights, concatenate, nearest

Levels = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def unet(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits: Ronneberger et al., MICCAI 2015, fig. 1."""
    e1, e2, e3, e4, e5 = unet_encoder(w, image)
    up4 = up_step(w, "decoder.ups.3", e5)
    d4 = double_conv(w, "decoder.merges.3", concatenate(e4, up4))
    up3 = up_step(w, "decoder.ups.2", d4)
    d3 = double_conv(w, "decoder.merges.2", concatenate(e3, up3))
    up2 = up_step(w, "decoder.ups.1", d3)
    d2 = double_conv(w, "decoder.merges.1", concatenate(e2, up2))
    up1 = up_step(w, "decoder.ups.0", d2)
    d1 = double_conv(w, "decoder.merges.0", concatenate(e1, up1))
    return (w.conv("head", d1),)


def attention_unet_port(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits: Oktay et al., MIDL 2018, figs. 1 and 2, as ported."""
    e1, e2, e3, e4, e5 = unet_encoder(w, image)
    up4 = up_step(w, "decoder.ups.3", e5)
    x4 = _gate(w, "decoder.gates.3", x=e4, g=up4)
    d4 = double_conv(w, "decoder.merges.3", concatenate(x4, up4))
    up3 = up_step(w, "decoder.ups.2", d4)
    x3 = _gate(w, "decoder.gates.2", x=e3, g=up3)
    d3 = double_conv(w, "decoder.merges.2", concatenate(x3, up3))
    up2 = up_step(w, "decoder.ups.1", d3)
    x2 = _gate(w, "decoder.gates.1", x=e2, g=up2)
    d2 = double_conv(w, "decoder.merges.1", concatenate(x2, up2))
    up1 = up_step(w, "decoder.ups.0", d2)
    x1 = _gate(w, "decoder.gates.0", x=e1, g=up1)
    d1 = double_conv(w, "decoder.merges.0", concatenate(x1, up1))
    return (w.conv("head", d1),)


def attention_unet_authors(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits, with the gates of the authors' release."""
    e1, e2, e3, e4, e5 = unet_encoder(w, image)
    signal = w.conv_norm_relu("decoder.gates.3.signal", e5)
    x4 = _grid_gate(w, "decoder.gates.3", x=e4, g=signal)
    d4 = double_conv(w, "decoder.merges.3", concatenate(x4, up_step(w, "decoder.ups.3", e5)))
    x3 = _grid_gate(w, "decoder.gates.2", x=e3, g=d4)
    d3 = double_conv(w, "decoder.merges.2", concatenate(x3, up_step(w, "decoder.ups.2", d4)))
    x2 = _grid_gate(w, "decoder.gates.1", x=e2, g=d3)
    d2 = double_conv(w, "decoder.merges.1", concatenate(x2, up_step(w, "decoder.ups.1", d3)))
    d1 = double_conv(w, "decoder.merges.0", concatenate(e1, up_step(w, "decoder.ups.0", d2)))
    return (w.conv("head", d1),)


def unet_encoder(w: Weights, image: Tensor) -> Levels:
    """Return the maps of the five levels, finest first."""
    e1 = double_conv(w, "encoder.levels.0", image)
    e2 = double_conv(w, "encoder.levels.1", F.max_pool2d(e1, 2, stride=2))
    e3 = double_conv(w, "encoder.levels.2", F.max_pool2d(e2, 2, stride=2))
    e4 = double_conv(w, "encoder.levels.3", F.max_pool2d(e3, 2, stride=2))
    e5 = double_conv(w, "encoder.levels.4", F.max_pool2d(e4, 2, stride=2))
    return e1, e2, e3, e4, e5


def double_conv(w: Weights, name: str, x: Tensor) -> Tensor:
    """Return two convolutions, each with normalisation and ReLU."""
    return w.conv_norm_relu(f"{name}.1", w.conv_norm_relu(f"{name}.0", x))


def up_step(w: Weights, name: str, x: Tensor) -> Tensor:
    """Return nearest upsampling by 2 and a convolution with normalisation and ReLU."""
    return w.conv_norm_relu(f"{name}.1", nearest(x, 2))


def _gate(w: Weights, name: str, *, x: Tensor, g: Tensor) -> Tensor:
    added = w.conv_norm(f"{name}.w_x", x) + w.conv_norm(f"{name}.w_g", g)
    return x * w.conv_norm(f"{name}.psi", added.relu()).sigmoid()


def _grid_gate(w: Weights, name: str, *, x: Tensor, g: Tensor) -> Tensor:
    theta_x = F.conv2d(x, w[f"{name}.w_x.weight"], stride=2)
    phi_g = w.conv(f"{name}.w_g", g)
    alpha = w.conv(f"{name}.psi", (theta_x + phi_g).relu()).sigmoid()
    y = x * F.interpolate(alpha, scale_factor=2, mode="bilinear", align_corners=False)
    return w.conv_norm_relu(f"{name}.combine", w.conv_norm(f"{name}.out", y))
