"""How the pixels of images and masks are read."""

from dataclasses import dataclass, field
from typing import Literal

from nerveseg.importing.geometry import Fit
from nerveseg.importing.masks import Inside
from nerveseg.media.frame import Levels

Missing = Literal["refuse", "empty", "skip"]
"""What an image without a mask means: a fault, no nerve, or that it is left out."""


@dataclass(frozen=True)
class Rules:
    """How pixels are read.

    Attributes:
        inside: which pixels of a mask file are inside.
        labels: categories of annotations that count; all if there are none.
        missing: what an image without a mask means.
        fit: how an image is brought to the size of a frame.
        levels: the values that become black and white; None for those of the bits in use.
        every: of a video, every so many frames are taken.
        first_frame: number of the first frame in the names of masks of frames.
    """

    inside: Inside = field(default_factory=Inside)
    labels: tuple[str, ...] = ()
    missing: Missing = "refuse"
    fit: Fit = "letterbox"
    levels: Levels | None = None
    every: int = 1
    first_frame: int = 0
