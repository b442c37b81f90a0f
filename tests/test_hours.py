"""Where the hours of a profile go: what is counted, what is scaled, and the tables."""

from pathlib import Path

import pytest
import torch
from benchmarks.hours import counted
from benchmarks.hours.__main__ import KAGGLE, MOST_VALIDATION, table_of_runs, table_of_stages
from benchmarks.hours.counted import Estimate, Plan, estimate, plan_of
from benchmarks.hours.measured import STAGES, on_the_line
from benchmarks.hours.shapes_only import ShapesOnly
from benchmarks.profile_params import write_params
from benchmarks.roofline import Ceilings, Tally
from benchmarks.steps import batch_of

from nerveseg.models.factory import build
from nerveseg.params.train import Run

ROOT = Path(__file__).resolve().parents[1]
GPU = Ceilings(600e12, 2.5e12)


def plan(profile: str, folder: Path) -> Plan:
    return plan_of(write_params(folder, ROOT / "profiles" / profile), KAGGLE)


def test_the_paper_s_plan_is_that_of_its_protocol(tmp_path: Path) -> None:
    found = plan("paper", tmp_path)
    assert (found.trainings, found.valid, found.steps) == (1, 1127, 564)  # 4508 / 8 = 563.5
    assert found.validations == 14  # every fifth of 70 epochs
    assert (found.predicted, found.maps, len(found.views)) == (6635, 6635, 8)


def test_every_network_of_a_run_with_folds_predicts_all_test_frames(tmp_path: Path) -> None:
    found = plan("win", tmp_path)
    assert (found.trainings, found.valid, found.validations) == (5, 1127, 12)
    assert found.predicted == 5 * (1127 + 5508)
    assert found.maps == 5 * 1127 + 5508


@pytest.mark.parametrize("profile", ["paper", "win"])
def test_validation_costs_at_most_3_percent_of_a_training_where_every_epoch_would_not(
    profile: str, tmp_path: Path
) -> None:
    found, run = plan(profile, tmp_path), Run("unet", {"width": 8})
    assert estimate("unet", run, found, GPU).share < MOST_VALIDATION
    every = found._replace(validations=found.train.epochs)
    assert estimate("unet", run, every, GPU).share > MOST_VALIDATION


def test_the_time_of_an_update_grows_with_its_frames_apart_from_a_fixed_part(
    tmp_path: Path,
) -> None:
    found, run = plan("paper", tmp_path), Run("unet", {"width": 4})
    small = estimate("unet", run, found, GPU)
    large = found._replace(train=found.train.model_copy(update={"batch": 16}))
    twice = estimate("unet", run, large, GPU)
    assert 1.8 < twice.update / small.update < 2.0
    assert twice.updates == small.updates  # the plan says how many there are


def test_products_that_compute_nothing_count_as_much(tmp_path: Path) -> None:
    work = counted.update(build("danet", 1, width=4), plan("paper", tmp_path))
    batch = batch_of(2, 32)
    work(batch)
    with Tally(GPU) as plain:
        work(batch)
    with Tally(GPU) as shapes, ShapesOnly():
        work(batch)
    assert shapes.flops == plain.flops
    assert shapes.bytes == pytest.approx(plain.bytes, rel=1e-3)
    with ShapesOnly():
        assert torch.zeros(2, 3).mm(torch.zeros(3, 5)).shape == (2, 5)


def test_a_pass_without_gradients_has_a_third_of_the_arithmetic_of_an_update(
    tmp_path: Path,
) -> None:
    network, batch = build("danet", 1, width=4), batch_of(2, 32)
    flops = []
    for make in (counted.update, counted.validation, counted.prediction):
        work = make(network, plan("paper", tmp_path))
        with Tally(GPU) as tally, ShapesOnly():
            work(batch)
        flops.append(tally.flops)
    update, *passes = flops
    for each in passes:
        # Frames have no gradient, which makes the first convolution cheaper.
        assert 2.5 < update / each < 3


def test_a_stage_is_scaled_along_the_line_through_two_measurements() -> None:
    seconds = {"1000": {"pack": 5.0}, "3000": {"pack": 9.0}}
    assert on_the_line(seconds, "pack", 1000) == 5
    assert on_the_line(seconds, "pack", 11_000) == 25


def test_the_tables_add_up_and_name_what_is_above_the_bar(tmp_path: Path) -> None:
    found = [
        Estimate("unet", 100, 0.036, training=3600, validation=72, prediction=360),
        Estimate("danet", 100, 0.072, training=7200, validation=720, prediction=720),
    ]
    runs = list(table_of_runs(found, 0.5))
    assert runs[2] == "| unet | 100 | 36.0 | 1.00 | 2.00 | 2.0% | 0.20 |"
    assert runs[3] == "| danet | 100 | 72.0 | 2.00 | 4.00 | 10.0% (above the bar) | 0.40 |"
    assert runs[4] == "| all | 200 | | 3.00 | 6.00 | | 0.60 |"
    seconds = {"100": dict.fromkeys(STAGES, 60.0), "200": dict.fromkeys(STAGES, 120.0)}
    measured = {"seconds": seconds, "seconds_of_a_map": 0.01}
    rows = list(table_of_stages(found, plan("paper", tmp_path), measured, 300, 0.5))
    assert "| pack | 3.0 | processor | measured, scaled |" in rows
    assert "| train x 2 | 360.0 | GPU | estimate |" in rows
    assert "| their validation, besides | 26.4 | GPU | estimate |" in rows
    assert "| predict x 2 | 36.0 | GPU | estimate |" in rows
    assert "| its maps x 2, meanwhile | 2.2 | processor | measured, scaled |" in rows
    # Nine stages of 3 minutes, and the GPU.
    assert rows[-1] == "| one after the other, without the maps | 449.4 | | |"
