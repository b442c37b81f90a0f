"""How well a nerve stands out from what surrounds it."""

from dataclasses import replace
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.reporting.results import Results
from nerveseg.rle import decode

Image = NDArray[np.uint8]
RING: Final = (
    15  # pixels at 580 x 420: about a fascicle's width, less than the nerve's distance to others
)


class Images(Protocol):
    """Where frames come from, by subject and image."""

    def __call__(self, subject: int, img: int) -> Image:
        """Return grey levels, 420 x 580."""


def with_contrast(results: Results, images: Images) -> Results:
    """Return `results` with a column `contrast` in `frames`; NaN where there is no nerve."""
    outlined = results.frames[results.frames["truth"] != ""].drop_duplicates("id")
    found = {
        row["id"]: contrast_to_noise(images(row["subject"], row["img"]), decode(row["truth"]))
        for row in outlined.to_dict("records")
    }
    contrast = [found.get(key, float("nan")) for key in results.frames["id"]]
    return replace(results, frames=results.frames.assign(contrast=contrast))


def contrast_to_noise(image: Image, mask: Image) -> float:
    """Return |mean inside - mean around| over the root of the mean of the two variances.

    Args:
        image: grey levels, H x W.
        mask: the nerve, {0, 1}, H x W; "around" is the ring of `RING` pixels about it.

    Returns:
        A number >= 0; NaN when the mask is empty or nothing is around it.
    """
    size = 2 * RING + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    grown = cv2.dilate(mask, kernel)
    inside = image[mask > 0].astype(np.float64)
    around = image[(grown > 0) & (mask == 0)].astype(np.float64)
    if not inside.size or not around.size:
        return float("nan")
    noise = np.sqrt((inside.var() + around.var()) / 2)
    return float(abs(inside.mean() - around.mean()) / noise) if noise else float("inf")
