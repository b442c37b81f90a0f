"""Statistics of the simulated frames, compared with those of the real competition."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.measure import label, regionprops

from nerveseg.data.simulated.anatomy import SHAPE, Neck, draw_neck
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.nerve import filled
from nerveseg.data.simulated.sweep import FEWEST, MOST, nerve_shares
from nerveseg.data.simulated.tissue import paint

PERCENTILES = (5, 25, 50, 75, 95)
# Percentiles of the real outlines, and tolerances for those of the simulated ones. The tails have
# larger tolerances because they depend on a handful of subjects.
REAL: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "area": ((4664, 5806, 6976, 8120, 10347), (500, 450, 450, 600, 1400)),
    "row": ((101, 120, 138, 162, 224), (10, 9, 9, 12, 30)),
    "column": ((268, 307, 333, 363, 400), (18, 12, 10, 12, 18)),
    "height": ((91, 105, 117, 128, 151), (8, 7, 6, 8, 12)),
    "width": ((61, 74, 88, 105, 140), (8, 7, 7, 9, 15)),
    "eccentricity": ((0.71, 0.81, 0.86, 0.89, 0.94), (0.06, 0.03, 0.02, 0.02, 0.02)),
    "solidity": ((0.93, 0.96, 0.97, 0.98, 0.98), (0.04, 0.03, 0.02, 0.015, 0.015)),
}
PROPERTIES: dict[str, Callable[..., float]] = {
    "area": lambda p: p.area,
    "row": lambda p: p.centroid[0],
    "column": lambda p: p.centroid[1],
    "height": lambda p: p.bbox[2] - p.bbox[0],
    "width": lambda p: p.bbox[3] - p.bbox[1],
    "eccentricity": lambda p: p.eccentricity,
    "solidity": lambda p: p.solidity,
}
REAL_GREYS = ((1, 25, 50, 75, 99), (16, 58, 84, 129, 255), (8, 10, 10, 12, 16))


@pytest.fixture(scope="module")
def outlines() -> dict[str, NDArray[np.float64]]:
    """Properties of outlines from the sweeps of 240 subjects, four frames each."""
    found = []
    for number in range(240):
        neck = draw_neck(11, number, 20, 0.4)
        for frame in np.flatnonzero(neck.sweep.nerve)[::2]:
            regions = regionprops(label(filled(neck.nerve.outline(frame), SHAPE)))
            assert len(regions) == 1
            found.append([PROPERTIES[name](regions[0]) for name in REAL])
    return dict(zip(REAL, np.array(found, dtype=np.float64).T, strict=True))


@pytest.fixture(scope="module")
def frames() -> list[tuple[Neck, NDArray[np.uint8], NDArray[np.uint8]]]:
    """For 40 subjects: the neck, the frame that shows the nerve best, and one without a nerve."""
    shown = []
    for number in range(40):
        neck = draw_neck(13, number, 9, 0.34)
        nerve = neck.sweep.nerve
        dark = int(np.flatnonzero(neck.sweep.visible == 0)[0])
        bright = int(np.argmax(neck.sweep.visible * nerve))
        images = [scan(neck, paint(neck, frame), frame) for frame in (bright, dark)]
        shown.append((neck, images[0], images[1]))
    return shown


@pytest.mark.parametrize("name", REAL)
def test_outlines_have_the_real_percentiles(
    name: str, outlines: dict[str, NDArray[np.float64]]
) -> None:
    real, tolerance = REAL[name]
    simulated = np.percentile(outlines[name], PERCENTILES)
    assert (np.abs(simulated - real) <= tolerance).all(), (
        f"{name}: {simulated.round(2)} instead of {real}"
    )


def test_grey_levels_have_the_real_percentiles(
    frames: list[tuple[Neck, NDArray[np.uint8], NDArray[np.uint8]]],
) -> None:
    percentiles, real, tolerance = REAL_GREYS
    simulated = np.percentile(
        np.stack([f[2] for f in frames] + [f[1] for f in frames]), percentiles
    )
    assert (np.abs(simulated - real) <= tolerance).all(), f"{simulated} instead of {real}"


def test_shares_of_frames_with_a_nerve_have_the_real_spread() -> None:
    shares = nerve_shares(5, 0, 400, 0.41, 0.23)
    assert shares.mean() == pytest.approx(0.41, abs=0.01)
    assert shares.std() == pytest.approx(0.23, abs=0.01)
    assert shares.min() >= FEWEST
    assert shares.max() <= MOST


def test_a_small_competition_has_about_the_mean_share_too() -> None:
    means = [nerve_shares(seed, 0, 10, 0.41, 0.23).mean() for seed in range(30)]
    assert np.abs(np.array(means) - 0.41).max() < 0.06


def test_a_labelled_nerve_shows_its_fascicles_and_an_empty_frame_none(
    frames: list[tuple[Neck, NDArray[np.uint8], NDArray[np.uint8]]],
) -> None:
    shown: list[float] = []
    empty: list[float] = []
    for neck, bright, dark in frames:
        frame = int(np.argmax(neck.sweep.visible * neck.sweep.nerve))
        inside = filled(neck.nerve.outline(frame), SHAPE) > 0
        bundles = np.zeros(SHAPE, dtype=np.bool_)
        y, x = np.ogrid[: SHAPE[0], : SHAPE[1]]
        for bundle, centre in zip(neck.nerve.fascicles, neck.nerve.centres(frame), strict=True):
            bundles |= np.hypot(x - centre[0], y - centre[1]) < 0.8 * bundle.radius
        for image, found in ((bright, shown), (dark, empty)):
            found.append(image[inside & ~bundles].mean() - image[inside & bundles].mean())
    assert min(shown) > 15
    assert np.mean(shown) > 30
    assert np.abs(np.mean(empty)) < 5
