"""An image comes to 420 x 580 and its mask back, within a pixel."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from nerveseg import rle
from nerveseg.errors import InputError
from nerveseg.importing.geometry import Fit, Geometry, Origin, read_geometry, write_geometry

SIDES = st.integers(16, 1400)
FITS = st.sampled_from(["letterbox", "stretch"])


def ellipse(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Return a mask that is thick enough for a frame to show it."""
    rng = np.random.default_rng(seed)
    height, width = shape
    rows, columns = np.ogrid[:height, :width]
    y, x = rng.uniform(0.3, 0.7, 2)
    a, b = rng.uniform(0.15, 0.28, 2)
    away = ((rows / height - y) / a) ** 2 + ((columns / width - x) / b) ** 2
    return np.asarray(away <= 1, dtype=np.uint8)


@settings(max_examples=50)
@given(SIDES, SIDES, FITS, st.integers(0, 99))
def test_a_mask_comes_back_within_a_pixel(height: int, width: int, fit: Fit, seed: int) -> None:
    mask = ellipse((height, width), seed)
    geometry = Geometry.of((height, width), fit)
    back = geometry.mask_to_original(geometry.mask_to_frame(mask))
    assert back.shape == mask.shape
    # The coarser of the two grids decides: a pixel of the frame may be several of the image.
    reach_y = int(np.ceil(max(1, height / geometry.inner_height)))
    reach_x = int(np.ceil(max(1, width / geometry.inner_width)))
    near = np.ones((2 * reach_y + 1, 2 * reach_x + 1), np.uint8)
    padded = np.pad(mask, ((reach_y, reach_y), (reach_x, reach_x)), mode="edge")
    inner = (slice(reach_y, -reach_y), slice(reach_x, -reach_x))
    assert (back <= cv2.dilate(padded, near)[inner]).all()
    assert (back >= cv2.erode(padded, near)[inner]).all()


@given(SIDES, SIDES)
def test_a_letterbox_keeps_proportions_and_centres(height: int, width: int) -> None:
    geometry = Geometry.of((height, width), "letterbox")
    inner = geometry.inner_height, geometry.inner_width
    assert inner[0] == 420 or inner[1] == 580
    scale = min(420 / height, 580 / width)
    assert abs(inner[0] - height * scale) <= 0.5 or inner[0] == 1
    assert abs(inner[1] - width * scale) <= 0.5 or inner[1] == 1
    below = 420 - geometry.top - geometry.inner_height
    right = 580 - geometry.left - geometry.inner_width
    assert 0 <= below - geometry.top <= 1
    assert 0 <= right - geometry.left <= 1


def test_800_by_540_by_hand() -> None:
    # 580 / 800 = 0.725; 540 x 0.725 = 391.5, which rounds to even: 392; (420 - 392) / 2 = 14.
    assert Geometry.of((540, 800), "letterbox") == (540, 800, 14, 0, 392, 580)
    frame = Geometry.of((540, 800), "letterbox").image_to_frame(np.full((540, 800), 9, np.uint8))
    assert frame.shape == (420, 580)
    assert (frame[14:406] == 9).all()
    assert not frame[:14].any()
    assert not frame[406:].any()


def test_run_lengths_of_a_doubled_mask_by_hand() -> None:
    mask = np.zeros((210, 290), np.uint8)
    mask[1:3, 0:1] = 1  # rows 2 to 5 and columns 0 and 1 of the frame
    geometry = Geometry.of((210, 290), "letterbox")
    assert rle.encode(geometry.mask_to_frame(mask)) == "3 4 423 4"
    assert (geometry.mask_to_original(rle.decode("3 4 423 4")) == mask).all()


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_image_and_mask_stay_together(fit: Fit) -> None:
    mask = ellipse((700, 500), 3)
    geometry = Geometry.of((700, 500), fit)
    image = geometry.image_to_frame(mask * np.uint8(200))
    centre = ndimage.center_of_mass(geometry.mask_to_frame(mask))
    assert ndimage.center_of_mass(image) == pytest.approx(centre, abs=0.2)


def test_an_image_of_420_by_580_is_left_as_it_is() -> None:
    image = np.random.default_rng(1).integers(0, 256, (420, 580), dtype=np.uint8)
    assert (Geometry.of((420, 580), "letterbox").image_to_frame(image) == image).all()


def test_what_lies_in_the_borders_is_dropped() -> None:
    geometry = Geometry.of((540, 800), "letterbox")
    mask = np.zeros((420, 580), np.uint8)
    mask[:14] = 1
    assert not geometry.mask_to_original(mask).any()
    with pytest.raises(ValueError, match="a mask of a frame is"):
        geometry.mask_to_original(mask[1:])


def test_the_table_reads_back(tmp_path: Path) -> None:
    origins = {
        ("train", 1, 2): Origin('a, "b"/ö.png', 0, Geometry.of((540, 800), "letterbox")),
        ("test", 3, 1): Origin("film.mp4", 17, Geometry.of((99, 33), "stretch")),
    }
    write_geometry(tmp_path / "geometry.csv", origins)
    assert read_geometry(tmp_path / "geometry.csv") == origins


@pytest.mark.parametrize(("old", "new"), [("train", "valid"), ("540", "0"), (",14,", ",400,")])
def test_a_changed_table_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "geometry.csv"
    write_geometry(path, {("train", 1, 2): Origin("a", 0, Geometry.of((540, 800), "letterbox"))})
    path.write_text(path.read_text().replace(f"{old}", new))
    with pytest.raises(InputError, match="line 2: not a row that nerveseg import wrote"):
        read_geometry(path)
