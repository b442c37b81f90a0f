"""All networks together: one file of metrics, and what may be concluded from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError
from nerveseg.evaluation.bootstrap import bootstrap
from nerveseg.evaluation.compare import Comparison, Standing, compare, standings
from nerveseg.evaluation.tables import number, read_csv, read_json

KEPT: Final = (
    "accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "dice_nerve",
    "hd95",
    "msd",
    "presence_precision",
    "presence_recall",
    "presence_f1",
    "public",
    "private",
)
"""What of a network's figures becomes a column of `dvc exp show`, which is wide as it is."""


@dataclass(frozen=True)
class Scored:
    """The networks' scores on the same validation frames.

    Attributes:
        networks: K names, in the order of params.yaml.
        figures: network -> measure -> value.
        subject: N, the subject of each frame.
        dice: N x K.
    """

    networks: list[str]
    figures: dict[str, dict[str, float]]
    subject: NDArray[np.int64]
    dice: NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """What the stage writes; see docs/metrics.md.

    Attributes:
        scores: network -> measure -> value, and the all-empty submission.
        comparison: every network but the reference, against it.
        standings: every network, the best first.
    """

    scores: dict[str, dict[str, float]]
    comparison: list[Comparison]
    standings: list[Standing]


def read_scored(folder: Path, networks: Sequence[str]) -> Scored:
    """Read what the stage score wrote for `networks`; other folders are passed by.

    Raises:
        InputError: a network has no scores, or was scored on other frames than the first.
    """
    figures, columns = {}, []
    first: list[tuple[str, str]] = []
    for network in networks:
        stage = f"score@{network}"
        figures[network] = read_json(folder / network / "scores.json", stage)
        path = folder / network / "frames.csv"
        rows = read_csv(path, ("subject", "img", "dice"), stage)
        keys = [(row["subject"], row["img"]) for row in rows]
        first = first or keys
        if keys != first:
            raise InputError(f"{path}: other frames than {networks[0]}'s; run dvc repro")
        columns.append([number(row["dice"], path) for row in rows])
    subject = np.array([number(key[0], path) for key in first], dtype=np.int64)
    return Scored(list(networks), figures, subject, np.array(columns).T)


def summarise(scored: Scored, reference: str, *, draws: int, level: float, seed: int) -> Summary:
    """Bring the networks together.

    Args:
        scored: their scores.
        reference: the network every other is held against.
        draws: bootstrap samples.
        level: of the intervals.
        seed: of the bootstrap.

    Raises:
        InputError: `reference` is not among the networks.
    """
    networks = scored.networks
    if reference not in networks:
        raise InputError(
            f"params.yaml: summary.reference: '{reference}' is not in models "
            f"({', '.join(networks)}); name one of them, or add it to models"
        )
    sample = bootstrap(scored.dice, scored.subject, draws, seed)
    rows = standings(networks, sample, level)
    comparison = compare(
        networks, reference, scored.dice, scored.subject, sample=sample, level=level
    )
    return Summary(_merged(scored, rows), comparison, rows)


def _merged(scored: Scored, rows: Sequence[Standing]) -> dict[str, dict[str, float]]:
    """Return the networks' figures; what is undefined is left out, as DVC knows no NaN."""
    standing = {row.network: row for row in rows}
    merged = {}
    for network in scored.networks:
        row, figures = standing[network], scored.figures[network]
        kept = {name: figures.get(name, np.nan) for name in KEPT}
        merged[network] = {"dice": row.dice, "dice_low": row.low, "dice_high": row.high, **kept}
    some = scored.figures[scored.networks[0]]
    boards = ("dice", "public", "private")
    merged["all_empty"] = {name: some.get(f"empty_{name}", np.nan) for name in boards}
    return {
        network: {name: value for name, value in figures.items() if not np.isnan(value)}
        for network, figures in merged.items()
    }
