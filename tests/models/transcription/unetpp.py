"""U-Net++: Zhou et al., DLMIA 2018, fig. 1a and eq. 1; xij is the node X^{i,j}."""

from torch import Tensor

from transcription.unet import double_conv, unet_encoder
from transcription.weights import Weights, concatenate, twice


def unetpp(w: Weights, image: Tensor) -> tuple[Tensor]:
    """Return the logits of the only head, on X^{0,4}."""
    _, _, _, x04 = _finest_nodes(w, image)
    return (w.conv("heads.0", x04),)


def unetpp_supervised(w: Weights, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the logits of the heads on X^{0,4}, X^{0,3}, X^{0,2} and X^{0,1}."""
    x01, x02, x03, x04 = _finest_nodes(w, image)
    return (
        w.conv("heads.0", x04),
        w.conv("heads.1", x03),
        w.conv("heads.2", x02),
        w.conv("heads.3", x01),
    )


def _finest_nodes(w: Weights, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x00, x10, x20, x30, x40 = unet_encoder(w, image)
    x01 = double_conv(w, "nodes.0.0", concatenate(x00, twice(x10)))
    x11 = double_conv(w, "nodes.0.1", concatenate(x10, twice(x20)))
    x21 = double_conv(w, "nodes.0.2", concatenate(x20, twice(x30)))
    x31 = double_conv(w, "nodes.0.3", concatenate(x30, twice(x40)))
    x02 = double_conv(w, "nodes.1.0", concatenate(x00, x01, twice(x11)))
    x12 = double_conv(w, "nodes.1.1", concatenate(x10, x11, twice(x21)))
    x22 = double_conv(w, "nodes.1.2", concatenate(x20, x21, twice(x31)))
    x03 = double_conv(w, "nodes.2.0", concatenate(x00, x01, x02, twice(x12)))
    x13 = double_conv(w, "nodes.2.1", concatenate(x10, x11, x12, twice(x22)))
    x04 = double_conv(w, "nodes.3.0", concatenate(x00, x01, x02, x03, twice(x13)))
    return x01, x02, x03, x04
