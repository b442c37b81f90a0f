"""The learning curves of one training, as a table with a row per epoch."""

import csv
from collections.abc import Sequence
from pathlib import Path

from nerveseg.atomic import whole_file


def write_curves(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write the table: `epoch`, from 0, and one column per metric of `history`."""
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        table = csv.DictWriter(file, ["epoch", *history[0]], lineterminator="\n")
        table.writeheader()
        table.writerows({"epoch": epoch, **point} for epoch, point in enumerate(history))
