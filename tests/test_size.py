"""The benchmark of cost against size measures real stages on a valid competition."""

from pathlib import Path

import pytest
from benchmarks import size
from benchmarks.size_chart import draw
from benchmarks.size_data import write_project

from nerveseg.data.archive import Competition
from nerveseg.errors import InputError
from nerveseg.submission.score import read_solution


def test_the_competition_is_valid_and_has_the_size_asked_for(tmp_path: Path) -> None:
    write_project(tmp_path, 41, 32)
    with Competition(tmp_path / "data/verified/competition.zip") as competition:
        competition.verify()
        assert (len(competition.train), len(competition.test)) == (20, 21)
        assert list(read_solution(tmp_path / "data/verified/solution.csv")) == competition.test
        subjects = {record.subject for record in competition.train}
    assert len(subjects) == 10


def test_a_stage_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    write_project(tmp_path, 40, 32)
    held = bytearray(1 << 29)  # must not count
    seconds, busy, mebibytes = size.run_stage("pack", tmp_path)
    assert seconds > 0
    assert busy > 0
    assert 20 < mebibytes < len(held) >> 20
    assert (tmp_path / "data/packed/train_images.npy").exists()
    (tmp_path / "params.yaml").unlink()
    with pytest.raises(InputError, match=r"the stage pack failed: error: params\.yaml: not found"):
        size.run_stage("pack", tmp_path)


@pytest.mark.slow
def test_every_step_finds_what_the_steps_before_it_wrote() -> None:
    assert [cost.step for cost in size._curves((40,), (32,))] == list(size.STEPS)


def test_growth_is_the_ratio_of_the_largest_to_the_least() -> None:
    costs = [
        size.Cost(step, frames, 64, 9.0, seconds, mebibytes)
        for step in size.STEPS
        for frames, seconds, mebibytes in ((10, 1.0, 100.0), (100, 20.0, 150.0))
    ]
    growth = size._growth(costs)
    time = growth["pack, 10 to 100 frames: processor time"]
    assert (time["ours"], time["peer"], time["ratio"]) == pytest.approx((20, 12, 0.6))
    assert growth["pack, 10 to 100 frames: memory"]["ours"] == 1.5
    assert draw(costs).startswith("<svg")
