"""Writes the maps of an ensemble: which runs it averages, and how much each of them weighs."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nerveseg.data.layout import TrainRecord
from nerveseg.decision.cross_fit import LEAST_SUBJECTS, groups_of
from nerveseg.decision.select_runs import ThinMaps, select_greedily
from nerveseg.errors import InputError
from nerveseg.evaluation.result_files import write_json
from nerveseg.inference.ensemble import Weights, open_maps, write_combined
from nerveseg.inference.rule import Rule
from nerveseg.maps import Maps
from nerveseg.params.ensembles import Combine

VALID, TEST, WEIGHTS = "valid.b2nd", "test.b2nd", "weights.json"


class Selection(NamedTuple):
    """How much each run of an ensemble weighs.

    Attributes:
        test: for the frames of new subjects.
        valid: N, for each validation frame.
    """

    test: Weights
    valid: Sequence[Weights]


def equal_weights(runs: Sequence[str], frames: int) -> Selection:
    """Return the selection that weighs all runs equally, for `frames` validation frames."""
    weights = {run: 1 / len(runs) for run in runs}
    return Selection(weights, [weights] * frames)


def greedy_weights(
    opened: Mapping[str, Maps],
    frames: Sequence[TrainRecord],
    combine: Combine,
    fixed: Rule,
    folds: int,
) -> Selection:
    """Select runs greedily: on all frames, and for each group of subjects on the other groups.

    Args:
        opened: run -> its N validation maps.
        frames: the N validation frames with their true masks.
        combine: whether logits or probabilities are averaged.
        fixed: the rule of the section `encode`.
        folds: number of groups of subjects.

    Raises:
        InputError: there are more or fewer maps than frames, or the frames are of one subject.
    """
    for run, maps in opened.items():
        if len(maps) != len(frames):
            raise InputError(
                f"data/predictions/{run}/{VALID}: {len(maps)} maps for {len(frames)} validation "
                f"frames; run dvc repro predict@{run}"
            )
    subject = np.array([frame.subject for frame in frames], dtype=np.int64)
    if np.unique(subject).size < LEAST_SUBJECTS:
        raise InputError(
            "select: greedy chooses runs on some subjects and is judged on others, and the "
            "validation frames have 1; set it to all, or lower split.folds"
        )
    with tempfile.TemporaryDirectory() as folder:
        thin = ThinMaps(Path(folder, "thin"), opened, [frame.pixels for frame in frames])
        test = select_greedily(thin, np.arange(len(frames)), combine, fixed)
        valid: list[Weights] = [test] * len(frames)
        for held_out in groups_of(subject, folds):
            weights = select_greedily(thin, np.flatnonzero(~held_out), combine, fixed)
            for index in np.flatnonzero(held_out).tolist():
                valid[index] = weights
    return Selection(test, valid)


def write_ensemble(
    folder: Path,
    predictions: Mapping[str, Path],
    selection: Selection,
    frames: Sequence[TrainRecord],
    combine: Combine,
) -> None:
    """Write the maps of an ensemble and the weights of its runs.

    Args:
        folder: the folder to write to.
        predictions: run -> the folder of its maps.
        selection: the weights.
        frames: the validation frames.
        combine: whether logits or probabilities are averaged.

    Raises:
        InputError: maps are missing or damaged, or their numbers differ.
    """
    valid, test = (
        open_maps({run: place / name for run, place in predictions.items()})
        for name in (VALID, TEST)
    )
    write_combined(folder / VALID, valid, selection.valid, combine)
    count = len(next(iter(test.values())))
    write_combined(folder / TEST, test, [selection.test] * count, combine)
    by_subject = {
        str(frame.subject): weights for frame, weights in zip(frames, selection.valid, strict=True)
    }
    write_json(folder / WEIGHTS, {"test": selection.test, "valid": by_subject})
