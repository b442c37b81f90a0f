"""What the rules are fitted on: a few numbers of each validation frame, measured in one pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nerveseg.inference.map_features import NervePlace, describe, nerve_place, place
from nerveseg.inference.postprocess import clean
from nerveseg.inference.rule import Rule, pixels_at_least
from nerveseg.inference.shape_prior import ShapePrior
from nerveseg.maps import code_of
from nerveseg.metrics.overlap import Counts, dice
from nerveseg.rle import decode

THRESHOLDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Thresholds that are tried, beside that of the section `encode`."""


@dataclass(frozen=True)
class Measured:
    """N frames with known masks, at T thresholds.

    Attributes:
        subject: N int64, the subject of each frame.
        true_area: N int64, pixels of the true mask.
        area: N x T int64, pixels of the mask at each threshold without small blobs.
        hit: N x T int64, those of them that are inside the true mask.
        above: N x T int64, pixels at each threshold, small blobs included.
        thresholds: T probabilities, ascending.
        appearance: N x (F - 1) float64, all features (`nerveseg.inference.map_features`) but the
            distance from the nerves.
        blob_place: N x 5 float64, the place of each map's largest blob.
        true_place: N x 5 float64, the place of each true mask; NaN without a nerve.
        known: place and shape of the nerves in the frames that only train; None without any, as
            every frame is judged if every fold is trained.
        drawn: N x T int64, pixels of the outline that is drawn in place of the mask of `area`, and
            that `hit` is about, if there is a prior of shape; None without one.
    """

    subject: NDArray[np.int64]
    true_area: NDArray[np.int64]
    area: NDArray[np.int64]
    hit: NDArray[np.int64]
    above: NDArray[np.int64]
    thresholds: tuple[float, ...]
    appearance: NDArray[np.float64]
    blob_place: NDArray[np.float64]
    true_place: NDArray[np.float64]
    known: NervePlace | None
    drawn: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.subject)

    @property
    def nerve(self) -> NDArray[np.bool_]:
        """Whether a nerve is outlined, N."""
        return self.true_area > 0

    @property
    def outlined_dice(self) -> NDArray[np.float64]:
        """The Dice of every mask, N x T."""
        missed = self.true_area[:, None] - self.hit
        drawn = self.area if self.drawn is None else self.drawn
        return dice(Counts(self.hit, drawn - self.hit, missed, np.zeros_like(missed)))

    @property
    def emptied_dice(self) -> NDArray[np.float64]:
        """The Dice of the empty mask, N: 1 without a nerve and 0 with one."""
        return (~self.nerve).astype(np.float64)

    @property
    def nerves(self) -> NervePlace:
        """Place and shape of nerves: of those that only train, or else of these very frames.

        A rule that is fitted on these frames may know their masks; those that it is judged on are
        not among them.
        """
        return self.known or nerve_place(self.true_place)

    def features(self, nerves: NervePlace) -> NDArray[np.float64]:
        """Return the features of each frame, N x F float64, with the distance from `nerves`."""
        distances = [nerves.distance(blob) for blob in self.blob_place]
        return np.column_stack([self.appearance, distances])

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the frames that `chosen`, N, is true for."""
        names = (field.name for field in fields(self))
        arrays: dict[str, Any] = {
            name: value[chosen]
            for name in names
            if isinstance(value := getattr(self, name), np.ndarray)
        }
        return replace(self, **arrays)

    def dice_of(self, rule: Rule) -> NDArray[np.float64]:
        """Return the Dice of each frame's mask by `rule`, N; its thresholds are among ours."""
        column = self.thresholds.index(rule.threshold)
        outlined = self.area[:, column] >= rule.min_total
        if rule.sure:
            sure = self.above[:, self.thresholds.index(rule.sure.threshold)]
            outlined &= sure >= rule.sure.pixels
        if rule.presence:
            outlined &= rule.presence.outlines(self.features(rule.presence.nerves))
        return np.where(outlined, self.outlined_dice[:, column], self.emptied_dice)


def measure(
    maps: Iterable[NDArray[np.uint8]],
    subjects: Sequence[int],
    truths: Sequence[str],
    fixed: Rule,
    known: NervePlace | None,
    *,
    shape: ShapePrior | None = None,
) -> Measured:
    """Measure N frames, one at a time.

    Args:
        maps: N prediction maps, as in `nerveseg.maps`.
        subjects: N, the subject of each frame.
        truths: N, the run lengths of the true masks.
        fixed: the rule of the section `encode`; its threshold is tried as well, and small blobs
            are removed by its `min_blob`.
        known: place and shape of the nerves in the frames that only train; None without any.
        shape: the prior by which outlines are redrawn; None if they are not.
    """
    thresholds = tuple(sorted({*THRESHOLDS, fixed.threshold}))
    rows, described, true_areas, true_places = [], [], [], []
    for codes, pixels in zip(maps, truths, strict=True):
        truth = decode(pixels)
        rows.append(_areas(codes, truth, thresholds, fixed.min_blob, shape))
        described.append(describe(codes))
        true_places.append(place(truth))
        true_areas.append(int(truth.sum()))
    # Axes: frame, threshold, and the four kinds of areas.
    areas = np.array(rows, dtype=np.int64)
    return Measured(
        subject=np.array(subjects, dtype=np.int64),
        true_area=np.array(true_areas, dtype=np.int64),
        area=areas[..., 0],
        hit=areas[..., 1],
        above=areas[..., 2],
        thresholds=thresholds,
        appearance=np.array([values for values, _ in described]),
        blob_place=np.array([blob for _, blob in described]),
        true_place=np.array(true_places),
        known=known,
        drawn=areas[..., 3] if shape else None,
    )


def _areas(
    codes: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    thresholds: Sequence[float],
    min_blob: int,
    shape: ShapePrior | None,
) -> list[tuple[int, int, int, int]]:
    found = []
    for threshold in thresholds:
        mask = clean(codes >= code_of(threshold), min_blob, 0)
        outline = shape.reshaped(mask) if shape else mask
        areas = int(mask.sum()), int((outline & truth).sum()), pixels_at_least(codes, threshold)
        found.append((*areas, int(outline.sum())))
    return found
