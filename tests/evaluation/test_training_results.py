"""Each training beside the baselines of its own fold."""

import logging
from pathlib import Path

import numpy as np
import pytest

from nerveseg.data.split_table import SplitRow, write_split
from nerveseg.evaluation.baselines import Baselines
from nerveseg.evaluation.trainings import TrainingResult, training_results, warn
from nerveseg.params.trainings import Training

TRAININGS = {"first": Training(0, 1), "fold1": Training(1, 1)}


def test_the_baseline_of_a_training_is_the_better_one_on_its_fold(tmp_path: Path) -> None:
    # Subjects 1 and 2 are fold 0, where a constant mask is better; subject 3 is fold 1.
    frames = [(1, 1, 0), (2, 1, 0), (3, 1, 1), (3, 2, 1)]
    (tmp_path / "data/curves/unet").mkdir(parents=True)
    write_split(tmp_path / "data/split.csv", [SplitRow(*frame, "valid") for frame in frames])
    for name in ("unet", "unet/fold1"):
        (tmp_path / f"data/curves/{name}.csv").write_text("epoch,valid/dice\n0,0.1\n1,0.4\n")
    dice = {"all_empty": np.array([0, 0, 1, 1.0]), "constant_mask": np.array([0.2, 0.6, 0, 0.0])}
    baselines = Baselines({}, dice, [frame[:2] for frame in frames], 4, 2)
    first, other = training_results(tmp_path, ["unet"], TRAININGS, baselines)
    assert first[:5] == ("unet", "first", 0, 1, 0.4)
    assert other[:5] == ("unet", "fold1", 1, 1, 0.4)
    assert (first.baseline, other.baseline) == pytest.approx((0.4, 1.0))


def test_a_failed_training_among_several_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    good = TrainingResult("unet", "first", 0, 1, 0.9, 0.4)
    with caplog.at_level(logging.WARNING):
        warn([good, TrainingResult("unet", "seed2", 0, 2, 0.4, 0.4)])
    (record,) = caplog.records
    assert record.getMessage().startswith("unet, training seed2: validation Dice 0.4000, no higher")


def test_the_only_training_of_a_run_is_judged_by_the_verdict_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    warn([TrainingResult("unet", "first", 0, 1, 0.1, 0.4)])
    assert not caplog.records
