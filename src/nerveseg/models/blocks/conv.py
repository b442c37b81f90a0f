"""Convolutions with 'same' padding, initialised for the ReLU that follows them."""

from torch import nn


def conv(
    in_channels: int,
    out_channels: int,
    kernel: int,
    *,
    stride: int = 1,
    dilation: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    """Return a convolution that keeps H x W (over `stride`), Kaiming-initialised (He et al. 2015).

    Projections that no ReLU follows (heads, queries, keys, values) are plain `nn.Conv2d` layers:
    torch's default initialisation has the smaller variance that suits them.
    """
    layer = nn.Conv2d(
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        bias=bias,
    )
    _initialise(layer, fan=in_channels * kernel**2)
    return layer


def up_conv(in_channels: int, out_channels: int, kernel: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution that doubles H x W exactly, Kaiming-initialised."""
    layer = nn.ConvTranspose2d(
        in_channels, out_channels, kernel, stride=2, padding=1, output_padding=kernel % 2
    )
    # At stride 2 a quarter of the kernel's taps contribute to any one output pixel.
    _initialise(layer, fan=in_channels * kernel**2 / 4)
    return layer


def conv_norm_relu(
    in_channels: int,
    out_channels: int,
    kernel: int,
    *,
    dilation: int = 1,
    bias: bool = True,
) -> nn.Sequential:
    """Return convolution, batch normalisation and ReLU; H x W is kept.

    Normalisation cancels a bias. Some published networks declare one nevertheless; `bias=True`
    reproduces their parameter counts.
    """
    return nn.Sequential(
        conv(in_channels, out_channels, kernel, dilation=dilation, bias=bias),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


def _initialise(layer: nn.Conv2d | nn.ConvTranspose2d, fan: float) -> None:
    # nn.init.kaiming_normal_ would confuse input and output channels of a transposed kernel.
    nn.init.normal_(layer.weight, std=(2 / fan) ** 0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
