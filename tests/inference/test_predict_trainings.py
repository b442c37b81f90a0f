"""A validation frame is predicted by the networks of its fold alone, a test frame by all."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nerveseg.inference.predict import Predictor, maps_of, to_map
from nerveseg.inference.predict_trainings import Trained, validation_maps
from nerveseg.inference.predict_trainings import test_maps as maps_of_test
from nerveseg.inference.tta import SETS

CPU = torch.device("cpu")


class Brighter(nn.Module):
    """Logits that are the frame plus a constant, by which a network is recognised."""

    def __init__(self, constant: float) -> None:
        super().__init__()
        self.constant = constant

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1] + self.constant


def trained(fold: int, constant: float) -> Trained:
    network = Brighter(constant)
    views = SETS["none"]
    return Trained(fold, Predictor(network, 1, views, device=CPU, dtype=torch.float32))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (9, 16, 24), dtype=np.uint8)


def test_one_training_gives_the_maps_of_its_network_bit_by_bit(images: np.ndarray) -> None:
    alone = trained(0, 0.3)
    expected = list(maps_of(alone.source, images, 2))
    folds = np.zeros(len(images), dtype=np.int64)
    np.testing.assert_array_equal(list(maps_of_test([alone], images, 2)), expected)
    np.testing.assert_array_equal(list(validation_maps([alone], images, folds, 2)), expected)


@settings(deadline=None, max_examples=20)
@given(folds=st.lists(st.integers(0, 2), min_size=9, max_size=9), batch=st.integers(1, 4))
def test_no_network_predicts_a_frame_that_it_has_seen(folds: list[int], batch: int) -> None:
    images = np.random.default_rng(3).integers(0, 256, (9, 16, 24), dtype=np.uint8)
    networks = [trained(fold, float(fold)) for fold in range(3)]
    found = list(validation_maps(networks, images, np.array(folds), batch))
    own = [list(maps_of(network.source, images, 2)) for network in networks]
    for row, fold in enumerate(folds):
        np.testing.assert_array_equal(found[row], own[fold][row])


def test_logits_are_averaged_over_seeds_of_a_fold_and_over_all_for_a_test_frame(
    images: np.ndarray,
) -> None:
    networks = [trained(0, -1.0), trained(0, 2.0), trained(1, 0.5)]
    logits = [network.source.logits(images) for network in networks]
    folds = np.array([0, 1] * 4 + [0])
    expected = [
        to_map(logits[2][row] if fold else (logits[0][row] + logits[1][row]) / 2)
        for row, fold in enumerate(folds)
    ]
    np.testing.assert_array_equal(list(validation_maps(networks, images, folds, 2)), expected)
    means = (logits[0] + logits[1] + logits[2]) / np.float32(3)
    np.testing.assert_array_equal(
        list(maps_of_test(networks, images, 4)), [to_map(mean) for mean in means]
    )
