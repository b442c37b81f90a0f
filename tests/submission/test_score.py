"""Scores of submissions, against values worked by hand and against decoded masks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.errors import InputError
from nerveseg.metrics import overlap
from nerveseg.submission.score import agree, dice, score

corners = arrays(np.uint8, (4, 5), elements=st.integers(0, 1))


def framed(corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a frame with `corner` in its last rows and columns, so that runs join columns."""
    mask = np.zeros(rle.IMAGE_SHAPE, np.uint8)
    mask[-4:, -5:] = corner
    mask[:2, -5:] = corner[:2]
    return mask


@given(corners, corners)
def test_dice_of_runs_is_dice_of_masks(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> None:
    masks = framed(one), framed(other)
    expected = overlap.dice(overlap.count(masks[:1], masks[1:]))[0]
    assert dice(rle.encode(masks[0]), rle.encode(masks[1])) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 1),
        ("", "1 5", 0),
        ("1 4", "3 4", 0.5),
        ("1 3", "1 2 3 1", 1),
        ("1 243600",) * 2 + (1,),
    ],
)
def test_dice_by_hand(one: str, other: str, expected: float) -> None:
    assert dice(one, other) == expected
    assert dice(other, one) == expected


@pytest.fixture
def solution(tmp_path: Path) -> Path:
    path = tmp_path / "solution.csv"
    path.write_text("img,pixels,Usage\n1,,Public\n2,1 4,Private\n3,,Private\n4,9 9,Ignored\n")
    return path


def test_public_and_private_by_hand(tmp_path: Path, solution: Path) -> None:
    path = tmp_path / "unet.csv"
    path.write_text("img,pixels\n1,\n2,3 4\n3,1 1\n4,9 9\n")
    # Image 1 is 1; image 2 shares 2 of 4 and 4 pixels; image 3 has a false pixel.
    assert score(path, solution) == {"public": 1.0, "private": (0.5 + 0) / 2}


def test_a_usage_without_images_has_no_score(tmp_path: Path) -> None:
    (tmp_path / "solution.csv").write_text("img,pixels,Usage\n1,,Private\n")
    (tmp_path / "unet.csv").write_text("img,pixels\n1,\n")
    assert score(tmp_path / "unet.csv", tmp_path / "solution.csv") == {"private": 1.0}


def test_a_solution_whose_rows_are_all_ignored_has_no_score(tmp_path: Path) -> None:
    (tmp_path / "solution.csv").write_text("img,pixels,Usage\n1,,Ignored\n")
    (tmp_path / "unet.csv").write_text("img,pixels\n1,\n")
    assert score(tmp_path / "unet.csv", tmp_path / "solution.csv") == {}


def test_a_submission_of_other_images_is_not_scored(tmp_path: Path, solution: Path) -> None:
    path = tmp_path / "unet.csv"
    path.write_text("img,pixels\n1,\n2,\n3,\n")
    with pytest.raises(InputError, match=r"unet.csv: ends after line 4: img 4"):
        score(path, solution)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("img,pixels,Usage\n", "the solution has no rows"),
        ("img,pixels\n1,\n", "the header"),
        ("img,pixels,Usage\n1,,Both\n", "line 2: Usage is 'Both'"),
        ("img,pixels,Usage\n1,1,Public\n", r"line 2 \(img 1\): RLE pair 1"),
        ("img,pixels,Usage\n1,,Public\n1,,Public\n", r"line 3 \(img 1\): this id occurs twice"),
    ],
)
def test_a_bad_solution_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "solution.csv").write_text(content)
    with pytest.raises(InputError, match=f"solution.csv: {message}"):
        score(tmp_path / "unet.csv", tmp_path / "solution.csv")


def test_agreement_is_the_mean_dice_and_symmetric(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("img,pixels\n1,\n2,1 4\n3,5 5\n")
    other.write_text("img,pixels\n1,\n2,3 4\n3,\n")
    assert agree(one, other) == agree(other, one) == (1 + 0.5 + 0) / 3
    assert agree(one, one) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("img,pixels\n1,\n", "other.csv: img 2 is missing"),
        ("img,pixels\n1,\n2,1\n", "other.csv: img 2: RLE pair 1"),
        ("img,pixels\n", "other.csv: img 1 is missing"),
    ],
)
def test_submissions_that_do_not_compare_are_named(
    tmp_path: Path, content: str, message: str
) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("img,pixels\n1,\n2,1 4\n")
    other.write_text(content)
    with pytest.raises(InputError, match=message):
        agree(one, other)


def test_empty_submissions_do_not_agree_on_anything(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("img,pixels\n")
    with pytest.raises(InputError, match=r"one\.csv: no rows"):
        agree(path, path)
