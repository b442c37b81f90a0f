"""Greedy selection of runs: by hand, without leaks, and no worse than the best run."""

from pathlib import Path

import numpy as np
import pytest
from invented import FIXED
from numpy.typing import NDArray

from nerveseg.data.layout import TrainRecord
from nerveseg.decision.combine_runs import equal_weights, greedy_weights
from nerveseg.decision.select_runs import ThinMaps, select_greedily
from nerveseg.errors import InputError
from nerveseg.inference.ensemble import combined, open_maps
from nerveseg.inference.rule import mask_of
from nerveseg.maps import Maps, MapWriter
from nerveseg.metrics.overlap import count, dice
from nerveseg.rle import IMAGE_SHAPE, encode

SUBJECTS = (1, 1, 2, 2, 3, 3, 4, 4)
RULE = FIXED.model_copy(update={"min_blob": 0, "min_total": 0})


def truths() -> list[NDArray[np.uint8]]:
    masks = []
    for index in range(len(SUBJECTS)):
        mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
        if index % 4 != 3:
            mask[100 + 8 * index : 180 + 8 * index, 300:380] = 1
        masks.append(mask)
    return masks


def write(path: Path, maps: list[NDArray[np.uint8]]) -> Path:
    with MapWriter(path, len(maps)) as writer:
        for codes in maps:
            writer.write(codes)
    return path


def coarse(mask: NDArray[np.uint8], side: str, noise: int, seed: int) -> NDArray[np.uint8]:
    """Return a map that outlines half of the mask surely, and the rest not quite."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(60, 100, IMAGE_SHAPE).astype(np.uint8)
    codes[mask > 0] = 124
    half = np.s_[:, :340] if side == "left" else np.s_[:, 340:]
    codes[half][mask[half] > 0] = 150
    if noise:
        codes[:noise, :noise] = 160
    return codes


@pytest.fixture
def opened(tmp_path: Path) -> dict[str, Maps]:
    kinds = {"left": ("left", 0), "right": ("right", 0), "noisy": ("left", 120)}
    return open_maps(
        {
            name: write(
                tmp_path / f"{name}.b2nd",
                [coarse(mask, side, noise, at) for at, mask in enumerate(truths())],
            )
            for name, (side, noise) in kinds.items()
        }
    )


def records() -> list[TrainRecord]:
    masks = truths()
    return [TrainRecord(s, i, encode(masks[i])) for i, s in enumerate(SUBJECTS)]


def test_two_runs_that_complete_each_other_are_chosen_and_a_noisy_one_is_not(
    opened: dict[str, Maps], tmp_path: Path
) -> None:
    thin = ThinMaps(tmp_path / "thin", opened, [each.pixels for each in records()])
    weights = select_greedily(thin, np.arange(len(SUBJECTS)), "logits", RULE)
    assert weights == {"left": 0.5, "right": 0.5}


def test_the_dice_of_candidates_is_that_of_their_masks_up_to_the_grid(
    opened: dict[str, Maps], tmp_path: Path
) -> None:
    thin = ThinMaps(tmp_path / "thin", opened, [each.pixels for each in records()])
    names, masks = list(opened), truths()
    for frame in range(len(SUBJECTS)):
        before = np.array([2, 0, 1])
        found = thin.dice(frame, before, "probabilities", RULE)
        for candidate in range(len(names)):
            counts = before + (np.arange(3) == candidate)
            maps = [opened[name][frame] for name in names]
            codes = combined(maps, (counts / counts.sum()).tolist(), "probabilities")
            expected = dice(count([mask_of(codes, RULE)], [masks[frame]]))[0]
            assert found[candidate] == pytest.approx(expected, abs=0.02)


def test_a_least_area_holds_for_the_whole_frame(opened: dict[str, Maps], tmp_path: Path) -> None:
    thin = ThinMaps(tmp_path / "thin", opened, [each.pixels for each in records()])
    for least, found in ((3000, 2 * 3200 / (3200 + 6400)), (3400, 0.0)):
        rule = RULE.model_copy(update={"min_total": least})
        assert thin.dice(0, np.zeros(3, np.int64), "logits", rule)[0] == pytest.approx(found)


def test_a_subject_has_no_say_in_the_weights_of_its_own_frames(opened: dict[str, Maps]) -> None:
    subjects = (1, 2, 3, 3, 3, 3, 3, 4)
    frames = [each._replace(subject=s) for each, s in zip(records(), subjects, strict=True)]
    before = greedy_weights(opened, frames, "logits", RULE, folds=4)
    # In most frames, all of one subject, nothing but the left half is a nerve.
    left = [mask * (np.arange(IMAGE_SHAPE[1]) < 340).astype(np.uint8) for mask in truths()]
    changed = [
        each._replace(pixels=encode(mask)) if each.subject == 3 else each
        for each, mask in zip(frames, left, strict=True)
    ]
    after = greedy_weights(opened, changed, "logits", RULE, folds=4)
    assert [pair[0] == pair[1] for pair in zip(before.valid, after.valid, strict=True)] == [
        subject == 3 for subject in subjects
    ]
    assert before.test != after.test


def test_one_subject_is_refused_in_a_line(opened: dict[str, Maps]) -> None:
    alone = [each._replace(subject=1) for each in records()]
    with pytest.raises(InputError, match=r"select: greedy chooses .* set it to all"):
        greedy_weights(opened, alone, "logits", RULE, folds=4)
    with pytest.raises(InputError, match=r"left/valid.b2nd: 8 maps for 7 validation frames"):
        greedy_weights(opened, records()[:7], "logits", RULE, folds=4)


def test_equal_weights_are_equal() -> None:
    selection = equal_weights(["unet", "danet"], 3)
    assert selection.test == {"unet": 0.5, "danet": 0.5}
    assert list(selection.valid) == [selection.test] * 3
