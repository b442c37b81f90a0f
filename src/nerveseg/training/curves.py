"""Curves of a training for DVC and its editors, through dvclive."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from dvclive.live import Live

# It would tell at every run that it leaves git alone, which it is told to.
logging.getLogger("dvclive").setLevel(logging.ERROR)


def write_curves(folder: Path, history: Sequence[dict[str, float]]) -> None:
    """Write one point per epoch of `history` to `folder`, in place of what is there.

    All of it each time: the folder is an output, which DVC removes before a stage runs again,
    so an interrupted training could not append to what it had written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with Live(str(folder), dvcyaml=None, report=None, save_dvc_exp=False) as live:
        for point in history:
            for name, value in point.items():
                live.log_metric(name, value)
            live.next_step()
