"""Pooling by matrix products against torch's."""

import pytest
import torch
import torch.nn.functional as F

from nerveseg.models.blocks.pooling import means_by_products, region_means


@pytest.mark.parametrize("shape", [(2, 3), (5, 16), (11, 11), (13, 7)])
@pytest.mark.parametrize("regions", [1, 3, 7, 11])
def test_products_have_the_means_and_gradients_of_torch(
    shape: tuple[int, int], regions: int
) -> None:
    x = torch.randn(2, 3, *shape, dtype=torch.float64, requires_grad=True)
    expected = F.adaptive_avg_pool2d(x, regions)
    weights = torch.randn_like(expected)
    (gradient,) = torch.autograd.grad((expected * weights).sum(), x)
    found = means_by_products(x, regions)
    # The weights are made in float32.
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    (other,) = torch.autograd.grad((found * weights).sum(), x)
    torch.testing.assert_close(other, gradient, rtol=1e-6, atol=1e-6)


def test_on_a_cpu_the_pooling_is_torch_s_to_the_bit() -> None:
    x = torch.randn(1, 2, 9, 9)
    assert torch.equal(region_means(x, 3), F.adaptive_avg_pool2d(x, 3))
