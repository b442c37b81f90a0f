"""The baselines: the choice of the constant mask, and the scores of both."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from run_folder import oval, table

from nerveseg.errors import InputError
from nerveseg.evaluation.baselines import (
    best_constant_mask,
    board_scores,
    read_baselines,
    validation_scores,
    write_baselines,
)
from nerveseg.metrics import overlap
from nerveseg.rle import IMAGE_SHAPE, decode, encode


def mean_dice(mask: NDArray[np.uint8], truths: list[NDArray[np.uint8]]) -> float:
    """Return the mean Dice, pixel by pixel; none of the masks is empty."""
    return float(np.mean([2 * (mask * true).sum() / (mask.sum() + true.sum()) for true in truths]))


def test_no_threshold_of_the_mean_mask_is_better_than_the_chosen_one() -> None:
    rng = np.random.default_rng(1)
    places = rng.normal([200, 300, 60, 50], [20, 30, 10, 8], (12, 4))
    truths = [oval(*place) for place in places.tolist()]
    chosen = mean_dice(decode(best_constant_mask([encode(true) for true in truths])), truths)
    mean = np.mean(truths, axis=0)
    others = [(mean >= level).astype(np.uint8) for level in np.arange(1, 13) / 12 - 1e-9]
    assert chosen == pytest.approx(max(mean_dice(other, truths) for other in others), abs=1e-12)
    assert chosen > max(mean_dice(one, truths) for one in truths)


def test_the_mask_of_equal_masks_is_that_mask_however_many_frames_are_empty() -> None:
    pixels = encode(oval(100, 200, 30, 40))
    assert best_constant_mask([pixels, pixels]) == pixels
    assert best_constant_mask(["", pixels, "", ""]) == pixels


def test_without_any_outline_the_constant_mask_is_empty() -> None:
    assert best_constant_mask(["", ""]) == best_constant_mask([]) == ""


def test_scores_of_a_constant_mask_by_hand() -> None:
    # Of four pixels, the mask holds one; the true masks hold that one, another two, and none.
    counts = overlap.Counts(*np.array([[1, 0, 0], [0, 1, 1], [0, 2, 0], [3, 1, 3]]))
    assert validation_scores(counts) == pytest.approx(
        {
            "dice": 1 / 3,
            "dice_nerve": 1 / 2,
            "accuracy": (1 + 1 / 4 + 3 / 4) / 3,
            "sensitivity": 1 / 2,
            "specificity": (1 + 1 / 2 + 3 / 4) / 3,
            "pooled_dice": 2 / (2 + 2 + 2),
            "presence_precision": 2 / 3,
            "presence_recall": 1,
            "presence_f1": 4 / 5,
        }
    )


def solution(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "solution.csv"
    table(path, "img,pixels,Usage", list(rows))
    return path


def test_the_all_empty_submission_is_right_where_there_is_no_nerve(tmp_path: Path) -> None:
    rows = ["1,,Public", "2,5 6,Public", "3,,Private", "4,,Private", "5,1 1,Private"]
    path = solution(tmp_path, *rows, "6,,Ignored")
    assert board_scores("", path) == {"public": 0.5, "private": pytest.approx(2 / 3)}
    assert board_scores("1 3", path) == {"public": 0, "private": pytest.approx(0.5 / 3)}


def test_without_test_masks_there_is_no_score(tmp_path: Path) -> None:
    assert all(math.isnan(value) for value in board_scores("", solution(tmp_path)).values())
    private = board_scores("", solution(tmp_path, "1,,Private"))
    assert private["private"] == 1
    assert math.isnan(private["public"])


def test_the_constant_mask_is_chosen_on_training_frames_alone(run_folder: Path) -> None:
    before = read_baselines(Path("data/baselines"))
    train = Path("data/packed/train.csv")
    rows = train.read_text().splitlines()
    moved = [f"{row.rsplit(',', 1)[0]},{encode(np.ones(IMAGE_SHAPE, np.uint8))}" for row in rows]
    paths = (train, Path("data/split.csv"), Path("data/verified/solution.csv"))

    train.write_text("\n".join([*rows[:4], *moved[4:], ""]))
    write_baselines(Path("data/baselines"), *paths)
    after = read_baselines(Path("data/baselines"))
    assert after.scores["constant_mask"]["private"] == before.scores["constant_mask"]["private"]
    assert after.scores["constant_mask"]["dice"] != before.scores["constant_mask"]["dice"]

    train.write_text("\n".join([rows[0], *moved[1:4], *rows[4:], ""]))
    write_baselines(Path("data/baselines"), *paths)
    after = read_baselines(Path("data/baselines"))
    assert after.scores["constant_mask"]["private"] < before.scores["constant_mask"]["private"]


def test_a_frame_s_dice_is_that_of_its_baseline(run_folder: Path) -> None:
    found = read_baselines(Path("data/baselines"))
    assert found.keys[:2] == [(2, 1), (2, 3)]
    assert (found.train_frames, found.train_nerves) == (3, 2)
    for name, dice in found.dice.items():
        assert dice.mean() == pytest.approx(found.scores[name]["dice"], abs=1e-6)
    assert set(found.dice["all_empty"]) == {0, 1}
    # Where no nerve is outlined, the empty mask is right and the constant one is wrong.
    assert (found.dice["constant_mask"][found.dice["all_empty"] == 1] == 0).all()
    assert (found.dice["constant_mask"][found.dice["all_empty"] == 0] > 0.2).all()


def test_a_split_of_other_frames_is_refused(run_folder: Path) -> None:
    split = Path("data/split.csv")
    split.write_text(split.read_text().replace("2,1,0", "2,7,0"))
    solution = Path("data/verified/solution.csv")
    with pytest.raises(InputError, match=r"split\.csv: subject 2 img 7 is not in"):
        write_baselines(Path("data/other"), Path("data/packed/train.csv"), split, solution)
    assert not Path("data/other").exists()


def test_where_every_fold_is_trained_the_constant_mask_of_a_fold_has_not_seen_it(
    tmp_path: Path,
) -> None:
    # The third fold is alone in its place: the masks of the others know nothing of it.
    pixels = [encode(oval(row, 200, 30, 40)) for row in (100, 100, 200)]
    rows = [f"{fold + 1},{img},{pixels[fold]}" for fold in range(3) for img in (1, 2)]
    table(tmp_path / "train.csv", "subject,img,pixels", rows)
    split = [f"{fold + 1},{img},{fold},valid" for fold in range(3) for img in (1, 2)]
    table(tmp_path / "split.csv", "subject,img,fold,part", split)
    truth = solution(tmp_path, f"1,{pixels[1]},Private")
    write_baselines(tmp_path, tmp_path / "train.csv", tmp_path / "split.csv", truth)
    found = read_baselines(tmp_path)
    dice = found.dice["constant_mask"].reshape(3, 2)
    assert (dice[2] == 0).all()
    assert (dice[:2] > 0).all()
    assert found.train_frames == 6
    best = best_constant_mask([pixels[1]] * 4 + [pixels[2]] * 2)
    assert found.scores["constant_mask"]["private"] == pytest.approx(
        mean_dice(decode(best), [decode(pixels[1])]), abs=1e-6
    )
