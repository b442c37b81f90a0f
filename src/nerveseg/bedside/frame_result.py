"""What was found on whole frames, of which the network may see only a region."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule, State
from nerveseg.bedside.decide import Finding
from nerveseg.media.frame import Frame

BATCH: Final = 16
_BATCH_PIXELS: Final = 1 << 23  # of the frames that are predicted together, to bound the memory


class Finder(Protocol):
    """A trained network that decides on images of any size, such as what `nerveseg.load` returns.

    Attributes:
        rule: how it decides.
    """

    rule: DecisionRule

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits of the shape of `images`, N x H x W uint8."""
        ...

    def find(self, images: NDArray[np.uint8]) -> list[Finding]:
        """Return what is found on each of `images`, N x H x W uint8."""
        ...


class FrameResult(NamedTuple):
    """What was found on one frame.

    Attributes:
        mask: H x W uint8 {0, 1}, of the size of the frame.
        state: `nerve`, `none` or `unsure`.
        probability: the probability of a nerve, 0..1.
        pixels: area of the mask.
        square_mm: area of the mask; None if the spacing is not known.
    """

    mask: NDArray[np.uint8]
    state: State
    probability: float
    pixels: int
    square_mm: float | None


def region_of(frame: Frame) -> NDArray[np.uint8]:
    """Return the part of a frame that the network sees, H x W uint8."""
    image = frame.image if frame.region is None else frame.image[frame.region.slices]
    return np.ascontiguousarray(image)


def on_whole_frame(frame: Frame, finding: Finding) -> FrameResult:
    """Return a finding on the region of a frame as a finding on the frame."""
    mask = finding.mask
    if frame.region is not None:
        mask = np.zeros(frame.image.shape, np.uint8)
        mask[frame.region.slices] = finding.mask
    pixels = int(np.count_nonzero(mask))
    area = None if frame.spacing is None else pixels * frame.spacing[0] * frame.spacing[1]
    return FrameResult(mask, finding.state, finding.probability, pixels, area)


def find_all(frames: Iterable[Frame], finder: Finder) -> Iterator[tuple[Frame, FrameResult]]:
    """Yield each frame with what is found on it; frames of one size are predicted together."""
    waiting: list[Frame] = []
    for frame in frames:
        if waiting and not _fits(frame, waiting):
            yield from _found(waiting, finder)
            waiting = []
        waiting.append(frame)
    yield from _found(waiting, finder)


def _fits(frame: Frame, waiting: Sequence[Frame]) -> bool:
    height, width = region_of(frame).shape
    most = min(BATCH, max(1, _BATCH_PIXELS // (height * width)))
    return len(waiting) < most and region_of(waiting[0]).shape == (height, width)


def _found(frames: Sequence[Frame], finder: Finder) -> Iterator[tuple[Frame, FrameResult]]:
    if frames:
        images = np.stack([region_of(frame) for frame in frames])
        for frame, finding in zip(frames, finder.find(images), strict=True):
            yield frame, on_whole_frame(frame, finding)
