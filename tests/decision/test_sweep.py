"""Maps smoothed over near-duplicate frames."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nerveseg.data.near_duplicates import MOST, Neighbour, near_duplicates
from nerveseg.inference.sweep import SmoothedMaps, Sweep, smoothed_validation
from nerveseg.maps import logits_of


class Listed(list[NDArray[np.uint8]]):
    """Maps in memory."""


def sweeps(seed: int = 0) -> tuple[NDArray[np.uint8], list[int]]:
    """Return 4 sweeps of 6 frames, each a fixed picture with a little noise."""
    rng = np.random.default_rng(seed)
    bases = rng.integers(20, 230, (4, 32, 48))
    frames = np.repeat(bases, 6, axis=0) + rng.integers(-4, 5, (24, 32, 48))
    return frames.astype(np.uint8), np.repeat([1, 2, 3, 4], 6).tolist()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("rows", [1, 5, 512])
def test_neighbours_are_of_the_same_sweep_and_do_not_depend_on_the_rows(
    known: bool, rows: int
) -> None:
    images, subjects = sweeps()
    settings = {"blocks": 8, "least_similarity": 0.85}
    found = near_duplicates(images, subjects if known else None, **settings, rows=rows)  # type: ignore[arg-type]
    whole = near_duplicates(images, subjects, blocks=8, least_similarity=0.85)
    assert [[each.frame for each in near] for near in found] == [
        [each.frame for each in near] for near in whole
    ]
    for index, near in enumerate(found):
        assert len(near) == MOST
        assert index not in {each.frame for each in near}
        assert {subjects[each.frame] for each in near} == {subjects[index]}
        assert sum(each.share for each in near) == pytest.approx(1)


def test_equal_frames_of_different_subjects_are_no_neighbours() -> None:
    images, _ = sweeps()
    found = near_duplicates(images, list(range(24)), blocks=8, least_similarity=0.85)
    assert found == [[]] * 24


def test_weight_0_and_a_lone_frame_leave_the_map_and_the_formula_holds() -> None:
    maps = Listed(np.random.default_rng(1).integers(0, 256, (3, 9, 9), dtype=np.uint8))
    near = [[Neighbour(1, 0.25), Neighbour(2, 0.75)], [Neighbour(0, 1.0)], []]
    for one, other in zip(SmoothedMaps(maps, near, 0.0), maps, strict=True):
        np.testing.assert_array_equal(one, other)
    smoothed = SmoothedMaps(maps, near, 0.4)
    np.testing.assert_array_equal(smoothed[2], maps[2])
    logits = [logits_of(each) for each in maps]
    expected = 0.6 * logits[0] + 0.4 * (0.25 * logits[1] + 0.75 * logits[2])
    assert np.abs(logits_of(smoothed[0]) - expected).max() <= 1 / 16 + 1e-6


def test_equal_maps_stay_equal_and_halves_of_a_pair_get_the_same_map() -> None:
    maps = Listed(np.random.default_rng(2).integers(0, 256, (2, 9, 9), dtype=np.uint8))
    near = [[Neighbour(1, 1.0)], [Neighbour(0, 1.0)]]
    same = SmoothedMaps(Listed([maps[0], maps[0]]), near, 0.5)
    np.testing.assert_array_equal(same[0], maps[0])
    pair = SmoothedMaps(maps, near, 0.5)
    np.testing.assert_array_equal(pair[0], pair[1])


def test_frames_of_a_subject_in_another_fold_change_no_map(tmp_path: Path) -> None:
    images, subjects = sweeps()
    (tmp_path / "packed").mkdir()
    np.save(tmp_path / "packed/train_images.npy", images)
    rng = np.random.default_rng(2)
    maps = Listed(rng.integers(0, 256, (24, 4, 5), dtype=np.uint8))
    sweep = Sweep(weight=0.5, blocks=8, least_similarity=0.85)

    def smoothed(folds: list[int]) -> list[NDArray[np.uint8]]:
        rows = (
            f"{s},{i},{f},valid\n" for i, (s, f) in enumerate(zip(subjects, folds, strict=True))
        )
        (tmp_path / "split.csv").write_text("subject,img,fold,part\n" + "".join(rows))
        return list(smoothed_validation(maps, sweep, tmp_path))

    # Of the six frames of a sweep, the first is in a fold of its own, and then with the others.
    apart = smoothed([0, 1, 1, 1, 1, 1] * 4)
    together = smoothed([0] * 24)
    for first in range(0, 24, 6):
        np.testing.assert_array_equal(apart[first], maps[first])
        assert (together[first] != maps[first]).any()
