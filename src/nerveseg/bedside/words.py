"""Findings and counts in words, for people."""

from collections.abc import Mapping
from typing import Final

from nerveseg.artefact.decision import State

_WORDS: Final[Mapping[State, str]] = {"nerve": "nerve", "unsure": "unsure", "none": "no nerve"}


def in_words(state: State, probability: float, pixels: int, square_mm: float | None) -> str:
    """Return a finding in words, as in 'nerve 0.98, 5231 px, 81.7 mm2'."""
    parts = [f"{_WORDS[state]} {probability_in_words(state, probability, pixels)}"]
    if pixels:
        parts.append(f"{pixels} px")
        if square_mm is not None:
            parts.append(f"{square_mm:.1f} mm2")
    return ", ".join(parts)


def probability_in_words(state: State, probability: float, pixels: int) -> str:
    """Return the probability of a finding with two decimals, see `rounded`."""
    return f"{rounded(state, probability, 2, outlined=pixels > 0):.2f}"


def rounded(state: State, probability: float, digits: int, *, outlined: bool) -> float:
    """Return a probability with so many decimals, rounded such that it does not reach a bound.

    What is unsure with an outline is below the bound of a nerve, and what is unsure without one is
    above the bound of none. If 0.749 was shown as 0.75, it would contradict its state.
    """
    nearest, step = round(probability, digits), 10.0**-digits
    if state == "unsure" and outlined and nearest > probability:
        return round(nearest - step, digits)
    if state == "unsure" and not outlined and nearest < probability:
        return round(nearest + step, digits)
    return nearest


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in '1 frame' or '2 frames'."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
