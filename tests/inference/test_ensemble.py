"""The mean of several runs' maps, frame by frame."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit

from nerveseg.errors import InputError
from nerveseg.inference.ensemble import combined, open_maps, write_combined
from nerveseg.maps import LEVELS, MapWriter, logits_of, read_maps
from nerveseg.params.ensembles import Combine
from nerveseg.rle import IMAGE_SHAPE

EVERY = np.arange(LEVELS, dtype=np.uint8)


def constant(code: int) -> NDArray[np.uint8]:
    return np.full(IMAGE_SHAPE, code, dtype=np.uint8)


def write(path: Path, codes: list[int]) -> Path:
    with MapWriter(path, len(codes)) as writer:
        for code in codes:
            writer.write(constant(code))
    return path


@pytest.mark.parametrize("combine", ["logits", "probabilities"])
def test_a_run_alone_and_the_mean_of_equals_are_the_run(combine: Combine) -> None:
    np.testing.assert_array_equal(combined([EVERY], [1.0], combine), EVERY)
    np.testing.assert_array_equal(combined([EVERY] * 3, [0.5, 0.3, 0.2], combine), EVERY)


def test_means_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, LEVELS, (3, 2000)).astype(np.uint8)
    weights = np.array([0.2, 0.5, 0.3])
    logits = logits_of(codes).astype(np.float64)
    expected = {"logits": weights @ logits, "probabilities": logit(weights @ expit(logits))}
    assert np.abs(expected["logits"] - expected["probabilities"]).max() > 1
    for combine in ("logits", "probabilities"):
        found = logits_of(combined(list(codes), weights.tolist(), combine))
        # Half a step of the codes, and rounding.
        assert np.abs(found - expected[combine]).max() <= 1 / 16 + 1e-4


def test_every_frame_has_its_own_weights_and_runs_of_weight_0_are_not_read(tmp_path: Path) -> None:
    paths = {
        "unet": write(tmp_path / "a.b2nd", [100, 140]),
        "danet": write(tmp_path / "b.b2nd", [200, 180]),
    }
    weights = [{"unet": 1.0}, {"unet": 0.5, "danet": 0.5}]
    write_combined(tmp_path / "mean.b2nd", open_maps(paths), weights, "logits")
    means = read_maps(tmp_path / "mean.b2nd")
    assert [int(codes[7, 9]) for codes in means] == [100, 160]


def test_runs_with_other_numbers_of_maps_are_refused_in_a_line(tmp_path: Path) -> None:
    paths = {
        "unet": write(tmp_path / "a.b2nd", [1, 2]),
        "danet": write(tmp_path / "b.b2nd", [1]),
    }
    with pytest.raises(InputError, match=r"b.b2nd: 1 maps, and 2 of unet; run .* predict@danet"):
        open_maps(paths)
    opened = open_maps({"unet": paths["unet"]})
    with pytest.raises(InputError, match=r"mean.b2nd: 2 maps for 1 frames; run dvc repro predict"):
        write_combined(tmp_path / "mean.b2nd", opened, [{"unet": 1.0}], "logits")
    assert not (tmp_path / "mean.b2nd").exists()
