"""From the map of a frame to its mask, its probability of a nerve and its state."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule, State
from nerveseg.inference.map_features import features
from nerveseg.inference.postprocess import clean
from nerveseg.inference.resize_logits import resize_logits
from nerveseg.inference.rule import is_outlined
from nerveseg.maps import code_of, quantise


class Finding(NamedTuple):
    """What was found on one frame.

    Attributes:
        mask: H x W uint8 {0, 1}.
        probability: the probability of a nerve, 0..1. Without a rule of presence it orders frames,
            and is no frequency.
        state: `nerve`, `none` or `unsure`, see `nerveseg.artefact.decision.DecisionRule`.
    """

    mask: NDArray[np.uint8]
    probability: float
    state: State


def decide(logits: NDArray[np.float32], rule: DecisionRule) -> Finding:
    """Return the decision of `rule` on one frame.

    At the size that the rule is meant for, the mask is the one that the stage `encode` writes.

    Args:
        logits: H x W float32.
        rule: the decision rule.

    Raises:
        InputError: a logit is NaN.
    """
    shape = (logits.shape[0], logits.shape[1])
    inside = quantise(logits) >= code_of(rule.threshold)
    mask = clean(inside, rule.area(rule.min_blob, shape), rule.area(rule.min_total, shape))
    if rule.sure or rule.presence:
        codes = quantise(logits if shape == rule.frame else resize_logits(logits, rule.frame))
        if not is_outlined(codes, rule.at_frame()):
            mask = np.zeros_like(mask)
    if rule.shape:
        mask = rule.shape.reshaped(mask)
    if rule.presence:
        probability = float(rule.presence.probability(features(codes, rule.presence.nerves)))
    else:
        probability = nerve_probability(logits, max(1, rule.area(rule.nerve_pixels, shape)))
    if mask.any():
        return Finding(mask, probability, "nerve" if probability >= rule.sure_nerve else "unsure")
    return Finding(mask, probability, "none" if probability <= rule.sure_none else "unsure")


def nerve_probability(logits: NDArray[np.float32], pixels: int) -> float:
    """Return the mean probability of the `pixels` most probable pixels, 0..1.

    It is `nerveseg.evaluation.presence.presence_score` without the rounding of stored maps.
    """
    flat = logits.reshape(-1)
    if pixels < flat.size:
        flat = np.partition(flat, flat.size - pixels)[flat.size - pixels :]
    return float(sigmoid(flat).mean(dtype=np.float64))


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities 0..1, float32, of the same shape."""
    # Logits of a mean probability are within about -16..16 (predict.EPSILON); those of another
    # engine may not be.
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), dtype=np.float32)
