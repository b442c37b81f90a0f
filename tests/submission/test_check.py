"""The check finds every fault, and accepts valid submissions."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.errors import InputError
from nerveseg.submission.check import check
from nerveseg.submission.mask_orientation import describe_mistake

sizes = st.integers(25, 190)


def ellipse(row: int, column: int, tall: int, wide: int, turn: int = 0) -> NDArray[np.uint8]:
    mask = np.zeros(rle.IMAGE_SHAPE, np.uint8)
    cv2.ellipse(mask, (column, row), (wide // 2, tall // 2), turn, 0, 360, 1, -1)
    return mask


ellipses = st.builds(
    ellipse, st.integers(46, 356), st.integers(110, 500), sizes, sizes, st.integers(0, 180)
)


def resized(mask: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, dtype=np.uint8)


def looks_wrong(pixels: str) -> str | None:
    return describe_mistake(rle.runs(pixels, 420 * 580))


def submission(folder: Path, rows: Mapping[int, str]) -> Path:
    path = folder / "unet.csv"
    path.write_text("img,pixels\n" + "".join(f"{img},{mask}\n" for img, mask in rows.items()))
    return path


def test_a_right_submission_is_returned(tmp_path: Path) -> None:
    rows = {1: "", 2: rle.encode(ellipse(140, 330, 120, 90)), 3: "243600 1"}
    assert check(submission(tmp_path, rows), [1, 2, 3]) == rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,\n2,\n3,1 2 7\n", r"line 4 \(img 3\): RLE pair 2 \('7'\) has no length"),
        ("1,\n2,1 3 2 2\n3,1\n", r"line 3 \(img 2\): RLE pair 2 \('2 2'\): it overlaps"),
        ("1,243600 2\n2,\n3,\n", r"line 2 \(img 1\): RLE pair 1 .* ends at pixel 243601"),
        ("1,0 2\n2,\n3,\n", r"line 2 \(img 1\): RLE pair 1 \('0 2'\): pixels are counted from 1"),
        ("1,1 1.5\n2,\n3,\n", r"line 2 \(img 1\): RLE pair 1: '1.5' is not a whole number"),
        ("1,5 1 1 1\n2,\n3,\n", r"line 2 \(img 1\): RLE pair 2 \('1 1'\): the runs must be sorted"),
        ("1,\n3,\n2,\n", r"line 3 \(img 3\): expected img 2 here"),
        ("1,\n2,\n2,\n", r"line 4 \(img 2\): this id occurs twice"),
        ("1,\n2,\n4,\n", r"line 4 \(img 4\): there is no such test image"),
        ("1,\n2,\n3,\n4,\n", r"line 5 \(img 4\): there is no such test image"),
        ("1,\n2,\n", "ends after line 3: img 3 and 0 more are missing"),
        ("", "ends after line 1: img 1 and 2 more are missing"),
    ],
)
def test_the_first_bad_row_is_named(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "unet.csv"
    path.write_text("img,pixels\n" + rows)
    with pytest.raises(InputError, match=f"unet.csv: {message}"):
        check(path, [1, 2, 3])


def test_a_mask_encoded_along_its_rows_is_named(tmp_path: Path) -> None:
    mask = ellipse(140, 330, 120, 90)
    path = submission(tmp_path, {1: "", 2: rle.encode(np.ascontiguousarray(mask.T))})
    with pytest.raises(
        InputError, match=r"line 3 \(img 2\): the runs lie along rows .*wrong orient"
    ):
        check(path, [1, 2])


def test_a_mask_at_the_networks_resolution_is_named(tmp_path: Path) -> None:
    small = resized(ellipse(140, 330, 120, 90), 96, 96)
    path = submission(tmp_path, {1: rle.encode(small)})
    with pytest.raises(InputError, match=r"line 2 \(img 1\): .* about 96 pixels high: resize"):
        check(path, [1])


@pytest.mark.parametrize("size", [(105, 145), (210, 290)])
def test_masks_all_at_a_size_that_divides_the_frames_are_named(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    frame = ellipse(140, 330, 120, 90)
    small = rle.encode(resized(frame, *size))
    rows = {1: ""} | dict.fromkeys(range(2, 12), small)
    path = submission(tmp_path, rows)
    with pytest.raises(InputError, match=r"line 3 \(img 2\): this and all other masks .* resize"):
        check(path, list(rows))
    assert check(submission(tmp_path, rows | {11: rle.encode(frame)}), list(rows))


@given(ellipses)
def test_no_nerve_encoded_right_looks_wrong(mask: NDArray[np.uint8]) -> None:
    assert looks_wrong(rle.encode(mask)) is None


@given(ellipses, ellipses)
def test_two_blobs_encoded_right_do_not_look_wrong(
    one: NDArray[np.uint8], other: NDArray[np.uint8]
) -> None:
    assert looks_wrong(rle.encode(one | other)) is None


@given(ellipses)
def test_a_nerve_encoded_along_its_rows_looks_wrong(mask: NDArray[np.uint8]) -> None:
    slip = looks_wrong(rle.encode(np.ascontiguousarray(mask.T)))
    assert slip is not None
    assert "orientation" in slip


@given(ellipses, st.sampled_from([64, 96, 128, 160, 192, 256, 320, 512]))
def test_a_nerve_at_another_size_looks_wrong(mask: NDArray[np.uint8], side: int) -> None:
    pixels = rle.encode(resized(mask, side, side))
    numbers = [int(number) for number in pixels.split()]
    if len(numbers) < 18 or numbers[-2] + numbers[-1] > 420 * 580:
        return  # too few runs to be certain, or out of range, which other checks find
    slip = looks_wrong(pixels)
    assert slip is not None
    assert "resize" in slip or "orientation" in slip


@pytest.mark.parametrize("density", [0.01, 0.3, 0.7, 0.99])
def test_noise_is_not_called_a_wrong_size(density: float) -> None:
    noise = np.random.default_rng(0).random(rle.IMAGE_SHAPE) < density
    assert looks_wrong(rle.encode(noise)) is None


def test_thin_lines_and_bands_are_not_called_a_wrong_size() -> None:
    line, band = np.zeros(rle.IMAGE_SHAPE, np.uint8), np.zeros(rle.IMAGE_SHAPE, np.uint8)
    cv2.line(line, (20, 10), (40, 400), 1, 3)
    band[60:110] = 1
    assert looks_wrong(rle.encode(line)) is None
    assert looks_wrong(rle.encode(band)) is None
    assert looks_wrong("1 243600") is None
