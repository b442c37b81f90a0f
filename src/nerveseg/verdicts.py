"""The verdicts on a run, as they stand in its scores: whether it is better than the baselines.

`nerveseg.evaluation.verdict` decides; the report explains.
"""

from typing import Final

ABOVE: Final = "above the baselines"
BELOW: Final = "not above the baselines"
INSEPARABLE: Final = "not separable from the baselines"
TOO_FEW: Final = "too few subjects"
NOTHING: Final = "outlines nothing"
EVERYTHING: Final = "outlines everything"
