"""What is inside a mask: by value, by colour, by filling a line."""

import numpy as np
import pytest
from own_images import rectangle
from scipy import ndimage
from skimage.draw import ellipse_perimeter

from nerveseg.errors import InputError
from nerveseg.importing.masks import Fill, Inside, filled, is_line

INSIDE = rectangle(50, 60, 40, 80)
RED, BLUE = (255, 0, 0), (0, 0, 255)


def coloured(colour: tuple[int, int, int]) -> np.ndarray:
    return INSIDE[..., None] * np.array(colour, np.uint8)


@pytest.mark.parametrize("value", [1, 7, 255])
def test_a_mask_of_two_values_needs_no_choice(value: int) -> None:
    assert (Inside().mask(INSIDE * np.uint8(value), lossy=False) == INSIDE).all()
    assert not Inside().mask(np.zeros_like(INSIDE), lossy=False).any()


def test_grey_colours_are_grey() -> None:
    assert (Inside().mask(coloured((255, 255, 255)), lossy=False) == INSIDE).all()


def test_a_class_is_chosen_by_its_value() -> None:
    classes = INSIDE * np.uint8(2) + rectangle(5, 5, 9, 9)
    with pytest.raises(InputError, match=r"^a mask of 3 values \(0, 1, 2\); .*--mask-value"):
        Inside().mask(classes, lossy=False)
    assert (Inside(values=(2,)).mask(classes, lossy=False) == INSIDE).all()
    assert Inside(values=(1, 2)).mask(classes, lossy=False).sum() == INSIDE.sum() + 81


def test_a_class_is_chosen_by_its_colour() -> None:
    classes = coloured(RED) + rectangle(5, 5, 9, 9)[..., None] * np.array(BLUE, np.uint8)
    with pytest.raises(InputError, match=r"3 colours \(#000000 #0000ff #ff0000\); .*--mask-color"):
        Inside().mask(classes, lossy=False)
    assert (Inside(colours=(RED,)).mask(classes, lossy=False) == INSIDE).all()


def test_a_tolerance_admits_near_colours() -> None:
    assert not Inside(colours=(RED,)).mask(coloured((250, 4, 3)), lossy=False).any()
    near = Inside(colours=(RED,), tolerance=5).mask(coloured((250, 4, 3)), lossy=False)
    assert (near == INSIDE).all()


def test_a_mask_without_background_is_refused() -> None:
    with pytest.raises(InputError, match="every pixel is 255"):
        Inside().mask(np.full_like(INSIDE, 255), lossy=False)
    assert Inside(values=(255,)).mask(np.full_like(INSIDE, 255), lossy=False).all()


def test_values_that_compression_changed_are_cut_in_the_middle() -> None:
    noisy = INSIDE * np.uint8(245) + np.random.default_rng(1).integers(0, 10, INSIDE.shape)
    assert (Inside().mask(noisy.astype(np.uint8), lossy=True) == INSIDE).all()


def ring() -> np.ndarray:
    line = np.zeros((210, 290), np.uint8)
    line[ellipse_perimeter(100, 150, 60, 90)] = 1
    return line


@pytest.mark.parametrize("fill", ["closed", "hull"])
def test_a_ring_is_filled_as_scipy_fills_it(fill: Fill) -> None:
    assert (filled(ring(), fill) == ndimage.binary_fill_holes(ring())).mean() > 0.997
    assert not filled(np.zeros_like(ring()), fill).any()


def test_a_ring_that_the_border_cuts_needs_its_hull() -> None:
    cut = np.ascontiguousarray(ring()[:, 120:])
    with pytest.raises(InputError, match=r"encloses nothing; .*--fill-outlines hull"):
        filled(cut, "closed")
    whole = ndimage.binary_fill_holes(ring())[:, 120:]
    assert (filled(cut, "hull") == whole).mean() > 0.997


def test_a_line_is_told_from_an_area() -> None:
    assert is_line(ring())
    assert not is_line(ndimage.binary_fill_holes(ring()).astype(np.uint8))
    assert not is_line(rectangle(10, 10, 3, 3))
    with pytest.raises(InputError, match="a thin line rather than an area; give --fill-outlines"):
        Inside().mask(ring(), lossy=False)
    assert (Inside(fill="never").mask(ring(), lossy=False) == ring()).all()
