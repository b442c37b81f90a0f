"""The learning rate of every update."""

import math
from typing import Literal, NamedTuple


class Schedule(NamedTuple):
    """A linear warm-up, then a decay to nothing.

    The warm-up is that of Goyal et al., 'Accurate, large minibatch SGD', 2017, section 2.2. The
    polynomial decay is the paper's; the cosine is eq. 5 of Loshchilov and Hutter, 'SGDR: stochastic
    gradient descent with warm restarts', ICLR 2017, without a restart and with a least rate of 0.

    Attributes:
        start: the rate from which the decay begins.
        updates: number of updates in the whole training.
        kind: poly or cosine.
        power: exponent of the polynomial decay.
        warmup: number of updates over which the rate rises from start / warmup to `start`.
    """

    start: float
    updates: int
    kind: Literal["poly", "cosine"] = "poly"
    power: float = 0.9
    warmup: int = 0

    def rate(self, iteration: int) -> float:
        """Return the learning rate of update `iteration`, from 0."""
        if iteration < self.warmup:
            return self.start * (iteration + 1) / self.warmup
        passed = (iteration - self.warmup) / (self.updates - self.warmup)
        if self.kind == "cosine":
            return 0.5 * self.start * (1.0 + math.cos(math.pi * passed))
        return float(self.start * (1.0 - passed) ** self.power)
