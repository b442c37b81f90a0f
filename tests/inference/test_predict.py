"""Prediction averages views, does not depend on the batch, and has the competition's size."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.inference.predict import Predictor, maps_of, mean_logits, write_maps
from nerveseg.inference.tta import SETS
from nerveseg.inference.view_weights import agreement_weights
from nerveseg.maps import logits_of, read_maps
from nerveseg.params.predict import ViewWeights

CPU = torch.device("cpu")


class Brightness(nn.Module):
    """Logits that are the first channel itself: equivariant under every view."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1]


class Rows(nn.Module):
    """Logits that depend on the position, vertically and horizontally."""

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        plane = torch.arange(height)[:, None] * 0.3 - torch.arange(width) * 0.1
        return images[:, :1] + plane


def predictor(network: nn.Module) -> Predictor:
    return Predictor(network, 1, SETS["d4"], device=CPU, dtype=torch.float32)


def predicted(network: nn.Module, images: np.ndarray, batch: int = 2) -> np.ndarray:
    return np.stack(list(maps_of(predictor(network), images, batch)))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (5, 32, 32), dtype=np.uint8)


def test_an_equivariant_network_gains_nothing_from_views() -> None:
    image = torch.randn(2, 1, 8, 8)
    seen = mean_logits(Brightness(), image, SETS["d4"])
    torch.testing.assert_close(seen, image[:, 0], atol=1e-4, rtol=1e-4)


def test_views_are_averaged_as_probabilities() -> None:
    image = torch.randn(1, 1, 4, 4)
    network = Rows()
    expected = torch.zeros(4, 4)
    views: list[tuple[Tensor, Callable[[Tensor], Tensor]]] = [
        (image, lambda x: x),
        (image.flip(-1), lambda x: x.flip(-1)),
        (image.flip(-2), lambda x: x.flip(-2)),
        (image.flip(-1, -2), lambda x: x.flip(-1, -2)),
    ]
    for turned, back in views:
        expected += back(torch.sigmoid(network(turned)))[0, 0] / 4
    seen = mean_logits(network, image, SETS["flips"]).sigmoid()[0]
    torch.testing.assert_close(seen, expected)


def test_views_are_weighed_frame_by_frame_by_their_agreement() -> None:
    images = torch.randn(3, 1, 12, 10, generator=torch.Generator().manual_seed(1))
    network = Rows()
    views = SETS["flips"]
    maps = torch.stack([view.invert(network(view.apply(images)))[:, 0] for view in views], 1)
    expected = (agreement_weights(maps.sigmoid())[..., None, None] * maps.sigmoid()).sum(1)
    seen = mean_logits(network, images, views, "agreement").sigmoid()
    torch.testing.assert_close(seen, expected.float())
    assert not torch.allclose(seen, mean_logits(network, images, views).sigmoid(), atol=1e-3)


def test_views_that_agree_completely_are_averaged_equally() -> None:
    images = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    weighted, plain = (
        mean_logits(Brightness(), images, SETS["d4"], weights) for weights in get_args(ViewWeights)
    )
    torch.testing.assert_close(weighted, plain)


@pytest.mark.parametrize("weights", get_args(ViewWeights))
@pytest.mark.parametrize("views", SETS)
def test_the_batch_does_not_change_a_frame_s_map(
    images: np.ndarray, weights: ViewWeights, views: str
) -> None:
    source = Predictor(Rows(), 1, SETS[views], weights=weights, device=CPU, dtype=torch.float32)
    alone, together = (maps_of(source, images, batch) for batch in (1, 5))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_certain_logits_stay_finite() -> None:
    assert mean_logits(Brightness(), torch.full((1, 1, 2, 2), 1e4), SETS["d4"]).isfinite().all()


def test_the_batch_size_changes_nothing(images: np.ndarray) -> None:
    assert np.array_equal(predicted(Rows(), images, 1), predicted(Rows(), images, 4))


def test_maps_are_at_the_competition_s_size_and_upright(images: np.ndarray) -> None:
    images[:] = 0
    images[:, :16, :] = 255
    maps = predicted(Brightness(), images)
    assert maps.shape == (5, 420, 580)
    assert maps.dtype == np.uint8
    low, high = to_input(torch.tensor([[[0, 255]]], dtype=torch.uint8), 1).flatten().tolist()
    seen = logits_of(maps[0])
    assert np.allclose(seen[:190], high, atol=0.07)
    assert np.allclose(seen[230:], low, atol=0.07)


def test_written_maps_are_the_predicted_ones(images: np.ndarray, tmp_path: Path) -> None:
    write_maps(maps_of(predictor(Rows()), images, 2), len(images), tmp_path / "valid.b2nd")
    stored = read_maps(tmp_path / "valid.b2nd")
    assert len(stored) == len(images)
    assert all(
        np.array_equal(stored[i], codes) for i, codes in enumerate(predicted(Rows(), images))
    )
