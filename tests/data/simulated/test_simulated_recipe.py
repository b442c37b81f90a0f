"""A change of the simulator's output must raise the parameter `recipe`; this test notices it.

It pins one frame of one seed: mean and standard deviation of the grey levels in 6 x 5 blocks, and
area and centroid of its mask. The test does not compare a hash, because the vector instructions of
another processor may round a few pixels differently. The tolerances allow for that; a changed
simulator changes the statistics by far more.

If this test fails because you changed the simulator on purpose, raise `data.simulated.recipe` in
params.yaml and RECIPE below, and pin the new numbers. Only the raised recipe makes DVC draw the
data again.
"""

from pathlib import Path

import numpy as np
import pytest

from nerveseg.data.simulated.competition import Shot, image_of, mask_of, train_shots
from nerveseg.params.data import DataParams, SimulatedSource
from nerveseg.params.section import read

RECIPE = 1
MEANS = [
    [162.286, 167.236, 163.231, 172.790, 137.429],
    [106.324, 104.368, 109.523, 111.160, 63.141],
    [78.442, 82.861, 83.611, 95.288, 58.381],
    [74.919, 68.038, 73.744, 69.363, 55.512],
    [57.770, 62.258, 66.034, 49.669, 38.997],
    [46.914, 45.523, 42.735, 37.168, 30.400],
]
DEVIATIONS = [
    [37.593, 31.631, 32.492, 32.657, 31.741],
    [21.504, 30.698, 40.069, 35.130, 28.409],
    [21.093, 22.297, 24.669, 28.028, 19.326],
    [22.601, 23.879, 23.730, 21.574, 23.318],
    [18.358, 22.011, 20.461, 20.552, 10.787],
    [13.286, 18.188, 13.389, 10.830, 8.515],
]
AREA, CENTROID = 6204, (152.560, 371.060)


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    return train_shots(
        SimulatedSource(
            recipe=RECIPE,
            seed=7,
            train_subjects=3,
            train_frames=6,
            test_subjects=2,
            test_frames=5,
            nerve_share=0.5,
            nerve_spread=0.2,
            unlabelled=0.3,
        )
    )


def test_an_image_of_this_recipe_has_its_pinned_statistics(shots: list[Shot]) -> None:
    blocks = image_of(shots[0]).astype(np.float64).reshape(6, 70, 5, 116)
    # The tolerance allows a hundred of a block's 8120 pixels to differ by one grey level.
    np.testing.assert_allclose(blocks.mean(axis=(1, 3)), MEANS, atol=0.0125)
    np.testing.assert_allclose(blocks.std(axis=(1, 3)), DEVIATIONS, atol=0.0125)


def test_labels_of_this_recipe_are_the_pinned_ones(shots: list[Shot]) -> None:
    mask = mask_of(shots[0])
    assert mask.sum() == pytest.approx(AREA, abs=3)
    assert [where.mean() for where in np.nonzero(mask)] == pytest.approx(CENTROID, abs=0.03)
    assert [shot.labelled for shot in shots].count(False) == 3
    assert not shots[0].labelled


def test_params_ask_for_this_recipe() -> None:
    params = read("data", DataParams, Path(__file__).parents[3] / "params.yaml")
    assert params.simulated.recipe == RECIPE
