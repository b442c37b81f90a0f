"""The rule by expected Dice: a probability of a nerve, and what an outline would be worth.

With probability p of a nerve and an expected Dice D of the outline if there is one, outlining a
frame is expected to score p D and leaving it empty 1 - p. Outlining is better if p > 1 / (1 + D).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from nerveseg.decision.measured import Measured
from nerveseg.inference.rule import Presence, Rule

CERTAIN: Final = 20.0
"""The logit of the probability if all frames that the rule is fitted on are of one kind."""
PENALTY: Final = 1.0
"""Weight of the squared coefficients of the standardised features, in both regressions."""


def fit_presence(measured: Measured, fixed: Rule) -> Rule:
    """Return the rule by expected Dice.

    Args:
        measured: the frames to fit on.
        fixed: the rule of the section `encode`; its `min_blob` is kept.
    """
    nerve, masks = measured.nerve, measured.outlined_dice
    column = measured.thresholds.index(fixed.threshold)
    if nerve.any():
        means = masks[nerve].mean(axis=0)
        # Its own threshold keeps its place among equals.
        column = column if means[column] >= means.max() else int(means.argmax())
    nerves = measured.nerves
    values = measured.features(nerves)
    weights, bias = _probability(values, nerve)
    dice = masks[nerve, column]
    dice_weights, dice_bias, dice_range = _expected_dice(values[nerve], dice)
    return Rule(
        name="presence",
        threshold=measured.thresholds[column],
        min_blob=fixed.min_blob,
        min_total=0,
        presence=Presence(
            weights=weights,
            bias=bias,
            dice_weights=dice_weights,
            dice_bias=dice_bias,
            dice_range=dice_range,
            nerves=nerves,
        ),
    )


def _probability(
    values: NDArray[np.float64], nerve: NDArray[np.bool_]
) -> tuple[list[float], float]:
    """Return weights and bias of the logit of the probability of a nerve."""
    if nerve.all() or not nerve.any():
        return [0.0] * values.shape[1], CERTAIN if nerve.any() else -CERTAIN
    scaler = StandardScaler().fit(values)
    model = LogisticRegression(C=1 / PENALTY, max_iter=1000)
    model.fit(scaler.transform(values), nerve)
    return _unscaled(scaler, model.coef_[0], float(model.intercept_[0]))


def _expected_dice(
    values: NDArray[np.float64], dice: NDArray[np.float64]
) -> tuple[list[float], float, tuple[float, float]]:
    """Return weights, bias and range of the expected Dice of frames with a nerve."""
    if not len(dice):
        return [0.0] * values.shape[1], 0.0, (0.0, 0.0)
    scaler = StandardScaler().fit(values)
    model = Ridge(alpha=PENALTY).fit(scaler.transform(values), dice)
    # Far from the frames it was fitted on, a line leaves the range of what was seen.
    seen = float(dice.min()), float(dice.max())
    return *_unscaled(scaler, model.coef_, float(model.intercept_)), seen


def _unscaled(
    scaler: StandardScaler, weights: NDArray[np.float64], bias: float
) -> tuple[list[float], float]:
    """Return weights and bias that take the features as they are, not standardised."""
    found = weights / scaler.scale_
    return found.tolist(), bias - float(found @ scaler.mean_)
