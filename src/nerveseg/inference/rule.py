"""The rule by which a prediction map becomes a mask: an outline, and whether there is one.

`nerveseg.decision` fits rules; this module applies them.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nerveseg.inference.map_features import NervePlace, features
from nerveseg.inference.postprocess import clean
from nerveseg.maps import code_of


class Sure(BaseModel):
    """A frame is outlined only if enough of its pixels are nearly certain.

    Attributes:
        threshold: probability of such a pixel, 0..1.
        pixels: the least number of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float
    pixels: int


class Presence(BaseModel):
    """A frame is outlined only if that has the higher expected Dice.

    With probability p of a nerve and an expected Dice D of the outline if there is one, outlining
    is expected to score p D and the empty mask 1 - p. So a frame is outlined if p > 1 / (1 + D).

    Attributes:
        weights: of the features in the logit of p.
        bias: of that logit.
        dice_weights: of the features in D.
        dice_bias: of D.
        dice_range: the least and the greatest D, within 0..1.
        nerves: place and shape of the training nerves, which a feature needs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: list[float]
    bias: float
    dice_weights: list[float]
    dice_bias: float
    dice_range: tuple[float, float]
    nerves: NervePlace

    def probability(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return p, N float64, from the features, N x F."""
        logit = (values * np.array(self.weights)).sum(axis=-1) + self.bias
        # Beyond this logit the exponential would overflow, and p is 0 or 1 anyway.
        return np.asarray(1 / (1 + np.exp(-np.clip(logit, -500, 500))))

    def expected_dice(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return D, N float64, from the features, N x F."""
        found = (values * np.array(self.dice_weights)).sum(axis=-1) + self.dice_bias
        return np.asarray(np.clip(found, *self.dice_range))

    def outlines(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether each frame is outlined, N, from the features, N x F."""
        return worth_outlining(self.probability(values), self.expected_dice(values))

    def with_prevalence(self, before: float, after: float) -> "Presence":
        """Return the same for frames of which another share shows a nerve, by Bayes' rule.

        Args:
            before: the share where this was fitted, within 0..1 and neither 0 nor 1.
            after: the share where it will be used; likewise.
        """
        shift = math.log(after / (1 - after)) - math.log(before / (1 - before))
        return self.model_copy(update={"bias": self.bias + shift})


class Rule(BaseModel):
    """How a map becomes a mask.

    Attributes:
        name: fixed, area, triplet or presence.
        threshold: pixels with at least this probability are inside, 0..1.
        min_blob: blobs with fewer pixels are removed.
        min_total: masks with fewer pixels in total are emptied.
        sure: a further condition; None if there is none.
        presence: likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    threshold: float
    min_blob: int
    min_total: int
    sure: Sure | None = None
    presence: Presence | None = None


def worth_outlining(
    probability: NDArray[np.float64], dice: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return whether the outline has a higher expected Dice than the empty mask, N.

    Args:
        probability: N, that there is a nerve.
        dice: N, expected Dice of the outline if there is one.
    """
    return np.asarray(probability * (1 + dice) > 1)


def mask_of(codes: NDArray[np.uint8], rule: Rule) -> NDArray[np.uint8]:
    """Return the mask of one map, H x W uint8 {0, 1}, for codes H x W of `nerveseg.maps`."""
    mask = clean(codes >= code_of(rule.threshold), rule.min_blob, rule.min_total)
    return mask if is_outlined(codes, rule) else np.zeros_like(mask)


def pixels_at_least(codes: NDArray[np.uint8], probability: float) -> int:
    """Return the number of pixels of a map with at least this probability."""
    return cv2.countNonZero((codes >= code_of(probability)).view(np.uint8))


def is_outlined(codes: NDArray[np.uint8], rule: Rule) -> bool:
    """Return whether the further conditions of `rule` allow an outline on a map H x W of codes."""
    if rule.sure and pixels_at_least(codes, rule.sure.threshold) < rule.sure.pixels:
        return False
    if rule.presence:
        return bool(rule.presence.outlines(features(codes, rule.presence.nerves)))
    return True
