"""The share of frames with a nerve among frames without known masks."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 1000
CLOSE: Final = 1e-9


def estimate_prevalence(probability: NDArray[np.float64], before: float) -> float:
    """Return the share of frames with a nerve, estimated by expectation maximisation.

    It assumes that frames with a nerve look alike here and where the probabilities were fitted, as
    do frames without one, so that only their shares differ.

    Source: Saerens, Latinne and Decaestecker, Neural Computation 14 (2002), eq. 2.9.

    Args:
        probability: N, of a nerve in each frame, for the share `before`.
        before: the share of frames with a nerve where the probabilities were fitted, not 0 or 1.

    Returns:
        The share, at least half a frame away from 0 and 1.
    """
    least = 0.5 / len(probability)
    share = before
    for _ in range(STEPS):
        present = probability * share / before
        absent = (1 - probability) * (1 - share) / (1 - before)
        after = float(np.clip((present / (present + absent)).mean(), least, 1 - least))
        if abs(after - share) < CLOSE:
            break
        share = after
    return share
