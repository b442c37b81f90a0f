"""A range of numbers as the type of an option."""

import math

import click


class FiniteRange(click.FloatRange):
    """As `click.FloatRange`, which lets `nan` pass: every comparison with it is false."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return `value` as a number within the range."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number
