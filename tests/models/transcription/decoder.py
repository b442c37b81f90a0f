"""CE-Net's decoder, which the baseline of the RPA/APF paper uses as well."""

from torch import Tensor

from transcription.encoder import Maps
from transcription.weights import Weights


def decode(w: Weights, top: Tensor, maps: Maps) -> tuple[Tensor, Tensor, Tensor]:
    """Return the decoder's maps at full size, /2 and /4 (CE-Net, fig. 2)."""
    _, c2, c3, c4, _ = maps
    d4 = _block(w, "decoder.block4", top) + c4
    d3 = _block(w, "decoder.block3", d4) + c3
    d2 = _block(w, "decoder.block2", d3) + c2
    d1 = _block(w, "decoder.block1", d2)
    full = w.up_conv("decoder.full.0", d1).relu()
    full = w.conv("decoder.full.2", full).relu()
    return full, d1, d2


def _block(w: Weights, name: str, x: Tensor) -> Tensor:
    x = w.conv_norm_relu(f"{name}.0", x)
    x = w.norm(f"{name}.2", w.up_conv(f"{name}.1", x)).relu()
    return w.conv_norm_relu(f"{name}.4", x)
