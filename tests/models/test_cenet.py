"""CE-Net's context modules against loops over figs. 3 and 4."""

import numpy as np
import torch
from loop_reading import array, bilinear, conv, lively, region_maxima, relu

from nerveseg.models.networks.cenet import DenseAtrousConvolution, ResidualMultiKernelPooling


def test_dac_equals_its_four_cascades_in_loops() -> None:
    module = lively(DenseAtrousConvolution(4))
    x = torch.randn(1, 4, 7, 6, dtype=torch.float64)
    a = array(x[0])
    cascades = [
        (module.rate1,),
        (module.rate3, module.mix),
        (module.rate1, module.rate3, module.mix),
        (module.rate1, module.rate3, module.rate5, module.mix),
    ]
    expected = a.copy()
    for cascade in cascades:
        branch = a
        for layer in cascade:
            branch = conv(branch, layer)
        expected += relu(branch)
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-12)


def test_dac_sees_as_far_as_the_figure_says() -> None:
    # With kernels of ones, the result shows which inputs reach the centre: 19 pixels across.
    module = DenseAtrousConvolution(1).double()
    for parameter in module.parameters():
        torch.nn.init.constant_(parameter, 1.0 if parameter.ndim > 1 else 0.0)
    x = torch.zeros(1, 1, 31, 31, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad((module(x + 1))[0, 0, 15, 15], x)
    reached = gradient[0, 0].abs().sum(dim=0).nonzero().flatten()
    assert (reached.min().item(), reached.max().item()) == (15 - 9, 15 + 9)


def test_rmp_equals_its_four_poolings_in_loops() -> None:
    module = lively(ResidualMultiKernelPooling(3))
    x = torch.randn(1, 3, 7, 12, dtype=torch.float64)
    a = array(x[0])
    levels = [
        bilinear(conv(region_maxima(a, window), module.squeeze), (7, 12), corners=False)
        for window in (2, 3, 5, 6)
    ]
    expected = np.concatenate([*levels, a])
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-12)


def test_rmp_pools_a_map_smaller_than_its_windows_whole() -> None:
    module = ResidualMultiKernelPooling(3)
    x = torch.randn(1, 3, 2, 2)
    levels = module(x)[0, :4]
    whole = module.squeeze(x.amax(dim=(2, 3), keepdim=True))[0, 0].expand(4, 2, 2)
    torch.testing.assert_close(levels, whole)
