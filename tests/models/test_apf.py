"""APF against loops over its equations, in both readings, and its exact savings."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loop_reading import (
    Array,
    along_channels,
    array,
    bilinear,
    conv,
    layers,
    lively,
    nearest,
    norm,
    relu,
    sigmoid,
)

from nerveseg.models.blocks.apf import NearestUpConv, PaperAPF, ReleasedAPF, apf
from nerveseg.models.blocks.decoder import Pyramid
from nerveseg.models.blocks.rpa import Reading
from nerveseg.models.complexity import multiply_adds, on_meta

WIDTH = 6
SIZE = (4, 8)


def pyramid(dtype: torch.dtype = torch.float64) -> Pyramid:
    height, width = SIZE
    return Pyramid(
        torch.randn(2, WIDTH // 2, height, width, dtype=dtype),
        torch.randn(2, WIDTH, height // 2, width // 2, dtype=dtype),
        torch.randn(2, WIDTH, height // 4, width // 4, dtype=dtype),
    )


def released_loops(full: Array, half: Array, quarter: Array, module: ReleasedAPF) -> Array:
    levels = [full]
    for x, step, factor in ((half, module.from_half, 2), (quarter, module.from_quarter, 4)):
        up, normalise, _ = layers(step)
        assert isinstance(up, NearestUpConv)
        levels.append(relu(norm(conv(nearest(x, factor), up.conv), normalise)))
    fused = conv(np.concatenate(levels), module.fuse)
    scale = sigmoid(along_channels(fused.max(axis=(1, 2)), module.channels))
    return fused + module.gamma.item() * fused * scale[:, None, None]


def paper_loops(full: Array, half: Array, quarter: Array, module: PaperAPF) -> Array:
    levels = [full, bilinear(half, SIZE), bilinear(quarter, SIZE)]
    fused = conv(np.concatenate(levels), module.fuse)
    first, _, second = layers(module.channels)
    pooled = relu(along_channels(fused.mean(axis=(1, 2)), first))
    return fused + fused * sigmoid(along_channels(pooled, second))[:, None, None]


@pytest.mark.parametrize("reading", ["released", "paper"])
def test_apf_equals_its_equations_in_loops(reading: Reading) -> None:
    module, maps = lively(apf(WIDTH, reading)), pyramid()
    full, half, quarter = (array(each[0]) for each in maps)
    if reading == "released":
        assert isinstance(module, ReleasedAPF)
        expected = released_loops(full, half, quarter, module)
    else:
        assert isinstance(module, PaperAPF)
        expected = paper_loops(full, half, quarter, module)
    np.testing.assert_allclose(array(module(maps)[0]), expected, rtol=1e-10, atol=1e-10)


def test_released_channel_attention_is_a_no_op_at_initialisation() -> None:
    module, maps = ReleasedAPF(WIDTH), pyramid(torch.float32)
    levels = [maps.full, module.from_half(maps.half), module.from_quarter(maps.quarter)]
    assert torch.equal(module(maps), module.fuse(torch.cat(levels, dim=1)))


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_phase_kernels_are_exact(factor: int, dtype: torch.dtype, error: float) -> None:
    module = NearestUpConv(8, 4, factor).to(dtype)
    x = torch.randn(2, 8, 5, 7, dtype=dtype)
    plain, phases = module.train()(x), module.eval()(x)
    assert plain.shape == phases.shape == (2, 4, 5 * factor, 7 * factor)
    assert (plain - phases).abs().max() <= error * plain.abs().max()


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_projecting_each_level_before_its_upsampling_is_exact(
    dtype: torch.dtype, error: float
) -> None:
    module, maps = PaperAPF(WIDTH).to(dtype), pyramid(dtype)
    upsampled = [F.interpolate(x, SIZE, mode="bilinear", align_corners=True) for x in maps]
    plain = module.fuse(torch.cat(upsampled, dim=1))
    scale = module.channels(plain.mean(dim=(2, 3)).unsqueeze(1)).sigmoid().view(2, -1, 1, 1)
    expected = plain + plain * scale
    assert (module(maps) - expected).abs().max() <= error * expected.abs().max()


def test_the_two_convolutions_at_full_size_are_28_percent_of_the_network() -> None:
    network = on_meta("rpa_apf", 1, {})
    whole = multiply_adds(network, 1, (512, 512))
    ups = [each for each in network.modules() if isinstance(each, NearestUpConv)]
    two = sum(multiply_adds(each, 64, (512 // each.factor, 512 // each.factor)) for each in ups)
    assert (round(two / 1e9, 2), round(whole / 1e9, 2)) == (9.66, 34.73)
    assert two / whole == pytest.approx(0.28, abs=0.005)
