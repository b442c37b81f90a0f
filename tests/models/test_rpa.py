"""RPA against loops over its equations, in both readings."""

from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loop_reading import (
    Array,
    array,
    bilinear,
    conv,
    conv_norm,
    lively,
    region_means,
    relu,
    softmax,
)
from torch import Tensor, nn

from nerveseg.errors import InputError
from nerveseg.models.blocks.attention import attention
from nerveseg.models.blocks.rpa import (
    REGIONS,
    PaperRPA,
    Reading,
    RegionAttention,
    ReleasedRPA,
    Softmax,
    rpa,
)
from nerveseg.models.factory import build, check_options

CHANNELS = 32
SIZE = (3, 4)
readings = pytest.mark.parametrize("reading", ["released", "paper"])


def region_sums(x: Array, module: RegionAttention, reading: Reading) -> list[Array]:
    """Return S_3, S_7, S_11 with one softmax per pixel."""
    pixels = list(np.ndindex(x.shape[1:]))
    value = conv(x, module.value)
    results = []
    for level, count in enumerate(REGIONS):
        region = conv(region_means(x, count), module.regions[level])
        if reading == "paper":
            region = relu(region)
        region = bilinear(region, (x.shape[1], x.shape[2]))
        own = level if reading == "paper" else 0
        query, key = conv(region, module.queries[own]), conv(region, module.keys[own])
        result = np.zeros_like(value)
        for y, z in pixels:
            likeness = softmax(np.array([query[:, y, z] @ key[:, u, v] for u, v in pixels]))
            for weight, (u, v) in zip(likeness, pixels, strict=True):
                result[:, y, z] += weight * value[:, u, v]
        results.append(result)
    return results


@readings
def test_rpa_equals_its_equations_in_loops(reading: Reading) -> None:
    module = lively(rpa(CHANNELS, reading))
    x = torch.randn(1, CHANNELS, *SIZE, dtype=torch.float64)
    loops = array(x[0])
    sums = np.concatenate(region_sums(loops, module.attention, reading))
    if reading == "paper":
        expected = np.concatenate([loops, sums])
    else:
        assert isinstance(module, ReleasedRPA)
        expected = loops + module.gamma.item() * relu(conv_norm(sums, module.fuse))
    np.testing.assert_allclose(array(module(x)[0]), expected, rtol=1e-10, atol=1e-10)


def literal_equations(x: Tensor, module: RegionAttention, axis: int) -> Tensor:
    """Return V x Omega for each region size, with the softmax over `axis` of Omega = Q^T K."""
    results = []
    for level, count in enumerate(REGIONS):
        region = module.regions[level](F.adaptive_avg_pool2d(x, count)).relu()
        pixels = F.interpolate(region, SIZE, mode="bilinear", align_corners=True)
        query, key = module.queries[level](pixels), module.keys[level](pixels)
        omega = (query.flatten(2).transpose(1, 2) @ key.flatten(2)).softmax(dim=axis)
        results.append((module.value(x).flatten(2) @ omega).unflatten(2, SIZE))
    return torch.cat(results, dim=1)


def test_a_softmax_over_the_summed_axis_is_ours_with_query_and_key_exchanged() -> None:
    module = lively(RegionAttention(CHANNELS, "paper"))
    x = torch.randn(2, CHANNELS, *SIZE, dtype=torch.float64)
    found = module(x)
    module.queries, module.keys = module.keys, module.queries
    torch.testing.assert_close(found, literal_equations(x, module, axis=1), rtol=0, atol=1e-12)


def test_a_softmax_over_rows_is_a_function_of_its_own() -> None:
    summed, row = (lively(RegionAttention(CHANNELS, "paper", each)) for each in get_args(Softmax))
    x = torch.randn(2, CHANNELS, *SIZE, dtype=torch.float64)
    torch.testing.assert_close(row(x), literal_equations(x, row, axis=2), rtol=0, atol=1e-12)
    assert (row(x) - summed(x)).abs().max() > 0.1 * summed(x).std()


def test_the_released_reading_has_no_softmax_over_rows() -> None:
    with pytest.raises(InputError, match="softmax: row needs reading: paper, not released"):
        check_options("rpa_apf", {"softmax": "row"})


@readings
def test_attention_rows_sum_to_one(reading: Reading) -> None:
    module = RegionAttention(CHANNELS, reading)
    for level in range(len(REGIONS)):
        rows = module.weights(torch.randn(2, CHANNELS, *SIZE), level).sum(dim=-1)
        torch.testing.assert_close(rows, torch.ones_like(rows))


def out_channels(layer: nn.Module) -> int:
    assert isinstance(layer, nn.Conv2d)
    return layer.out_channels


def test_the_reading_decides_on_scale_and_on_sharing_of_projections() -> None:
    released, paper = RegionAttention(512, "released"), RegionAttention(512, "paper")
    assert (len(released.queries), out_channels(released.queries[0])) == (1, 16)
    assert (len(paper.queries), out_channels(paper.queries[0])) == (3, 128)
    assert PaperRPA(512).out_channels == 896


def test_energies_are_not_scaled_by_the_root_of_the_channels() -> None:
    query = torch.tensor([[2.0, 0.0]] * 4).view(1, 4, 1, 2)
    row = attention(query, query)[0, 0]  # energies 4 * 2 * 2 and 0
    assert row[0].item() == pytest.approx(1 / (1 + np.exp(-16)))


def test_released_rpa_is_a_no_op_at_initialisation() -> None:
    x = torch.randn(2, CHANNELS, *SIZE)
    assert torch.equal(rpa(CHANNELS, "released")(x), x)


def test_baseline_with_rpa_starts_as_the_baseline_of_equal_weights() -> None:
    baseline, with_rpa = (build(name, width=8).eval() for name in ("baseline", "baseline_rpa"))
    missing, unexpected = with_rpa.load_state_dict(baseline.state_dict(), strict=False)
    assert not unexpected
    assert all(key.startswith("rpa.") for key in missing)
    image = torch.randn(1, 1, 64, 64)
    assert torch.equal(with_rpa(image), baseline(image))


@readings
def test_projecting_region_tokens_first_is_exact(reading: Reading) -> None:
    module = lively(RegionAttention(CHANNELS, reading))
    x = torch.randn(2, CHANNELS, *SIZE, dtype=torch.float64)
    for level, count in enumerate(REGIONS):
        region = module.activation(module.regions[level](F.adaptive_avg_pool2d(x, count)))
        pixels = F.interpolate(region, SIZE, mode="bilinear", align_corners=True)
        own = level % len(module.queries)
        plain = attention(module.queries[own](pixels), module.keys[own](pixels))
        torch.testing.assert_close(module.weights(x, level), plain, rtol=0, atol=1e-14)


def test_the_four_rows_of_the_ablation_are_one_composition() -> None:
    keys = {
        name: set(build(name, width=8).state_dict())
        for name in ("baseline", "baseline_rpa", "baseline_apf", "rpa_apf")
    }
    assert keys["rpa_apf"] == keys["baseline_rpa"] | keys["baseline_apf"]
    assert keys["baseline"] == keys["baseline_rpa"] & keys["baseline_apf"]
