"""Everything the charts and tables draw on, as the stages before left it."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nerveseg.reporting.palette import INK, Style, styles

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Results:
    """The outcome of a run.

    Attributes:
        networks: names of the runs, in the order of params.yaml.
        titles: run -> what to call it.
        reference: the network that the others are held against.
        scores: network -> measure -> value, as in metrics/scores.json.
        frames: a row per network and validation frame: network, id (subject_img), the columns
            of frames.csv, pixels and truth (run lengths predicted and outlined).
        comparison: a row per network held against the reference.
        standings: a row per network, the best first: can the data tell it from the best?
        paper: a row per figure of the paper.
        curves: a row per network, epoch and metric: its value.
        calibration: a row per network and bin of predicted probability.
        presence: a row per network and threshold of the presence score.
        costs: network -> parameters, gmacs, latency_ms; empty when nothing was measured.
        leaderboard: network -> what Kaggle said; empty when nothing was submitted.
    """

    networks: list[str]
    titles: dict[str, str]
    reference: str
    scores: Figures
    frames: pd.DataFrame
    comparison: pd.DataFrame
    standings: pd.DataFrame
    paper: pd.DataFrame
    curves: pd.DataFrame
    calibration: pd.DataFrame
    presence: pd.DataFrame
    costs: Figures
    leaderboard: Figures

    @property
    def styles(self) -> dict[str, Style]:
        """How each network is drawn."""
        return styles(self.networks, self.reference)

    def colour(self, network: str) -> str:
        """Return the network's colour as the page's style sheet knows it."""
        return self.styles[network].colour.replace(INK, "currentColor")

    def title(self, network: str) -> str:
        """Return what to call the run."""
        return self.titles.get(network, network)

    def score(self, network: str, measure: str) -> float:
        """Return a figure of metrics/scores.json; NaN where there is none."""
        value = self.scores.get(network, {}).get(measure)
        return math.nan if value is None else float(value)

    def interval(self, network: str) -> tuple[float, float]:
        """Return the 95% interval of the validation Dice; NaN where there are too few subjects."""
        return self.score(network, "dice_low"), self.score(network, "dice_high")
