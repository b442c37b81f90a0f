"""The flips of training, and the orientations of a frame that they lead to."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

FLIPS: Final = {
    "horizontal": np.array([[-1, 0], [0, 1]]),
    "vertical": np.array([[1, 0], [0, -1]]),
    "diagonal": np.array([[0, 1], [1, 0]]),
}
"""Each flip as a matrix on (x, y), measured from the centre of the frame."""


def orientations(flips: Iterable[str]) -> list[NDArray[np.int64]]:
    """Return what training draws from: the product of each subset of `flips`, in their order.

    Args:
        flips: keys of `FLIPS`, all different.

    Returns:
        A 2 x 2 matrix for each of the 2^K subsets of K flips, from a pixel (x, y) of the turned
        frame to its source. With all three flips they are the eight symmetries of the square.
    """
    products = [np.eye(2, dtype=np.int64)]
    for name in flips:
        products += [FLIPS[name] @ product for product in products]
    return products
