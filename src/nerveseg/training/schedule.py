"""The learning rate, a function of the iteration: the schedule has no state of its own."""


def polynomial(start: float, iteration: int, total: int, power: float) -> float:
    """Return start * (1 - iteration / total) ** power, the rate of update `iteration` (from 0)."""
    return float(start * (1.0 - iteration / total) ** power)
