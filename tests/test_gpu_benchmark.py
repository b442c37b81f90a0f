"""The GPU benchmark runs on a CPU at tiny sizes, and its plain loop computes the same maps."""

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from benchmarks.gpu import together
from benchmarks.gpu.kernels import kernels_of, profile_network
from benchmarks.gpu.memory import fits, largest_batch, measure_memory
from benchmarks.gpu.plain_prediction import predict_plainly
from benchmarks.gpu.prediction import write_frames, write_parameters, write_weights
from benchmarks.steps import engine_of

from nerveseg.data.packed import TEST_IMAGES, Packed
from nerveseg.inference.predict import Predictor, maps_of, write_maps
from nerveseg.inference.tta import choose_views
from nerveseg.maps import read_maps
from nerveseg.models.weights import load_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams

CPU = torch.device("cpu")
ROOT = Path(__file__).resolve().parents[1]
TINY = ("--device", "cpu", "--width", "4", "--size", "32", "--batch", "2", "--steps", "1")


def options(folder: Path, **values: object) -> Namespace:
    tiny: dict[str, Any] = {"size": 32, "batch": 2, "steps": 1, "width": 4, "device": "cpu"}
    return Namespace(folder=folder, **{**tiny, **values})


@pytest.mark.filterwarnings("ignore")  # of the profiler, without a GPU
def test_a_profile_counts_calls_per_update_and_sorts_by_time() -> None:
    large, small = torch.rand(300, 300), torch.rand(3, 3)

    def step() -> None:
        large @ large
        for _ in range(2):
            small.sin()

    kernels = {each.name: each for each in kernels_of(step, CPU, 3)}
    assert kernels["aten::mm"].calls == 1
    assert kernels["aten::sin"].calls == 2
    times = [each.milliseconds for each in kernels.values()]
    assert times == sorted(times, reverse=True)


@pytest.mark.filterwarnings("ignore")
def test_a_profile_of_a_network_is_a_table_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)  # restored afterwards
    profile_network(options(tmp_path, profile="unet", no_compile=True))
    report = json.loads((tmp_path / "profile_unet.json").read_text())
    row = report["modes"]["recorded"]
    assert sum(each["milliseconds"] for each in row["kernels"]) == row["kernel_milliseconds"] > 0
    assert any("convolution" in each["name"] for each in row["kernels"])
    table = capsys.readouterr().out
    assert table.startswith("unet, recorded: ")
    assert f"| {row['kernels'][0]['name'][:100]} | " in table


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 8, 9, 10, 11])
def test_the_largest_batch_is_found_whatever_the_limit(limit: int) -> None:
    tried: list[int] = []

    def fit(frames: int) -> bool:
        tried.append(frames)
        return frames <= limit

    assert largest_batch(fit, most=10) == min(limit, 10)
    assert max(tried) <= 10


def test_a_batch_does_not_fit_if_memory_runs_out_even_in_a_recording() -> None:
    def update(frames: int) -> None:
        if frames == 2:
            raise torch.OutOfMemoryError
        if frames == 3:
            try:
                raise torch.OutOfMemoryError
            finally:
                raise RuntimeError("the capture was invalidated")
        if frames == 4:
            raise RuntimeError("a fault")

    assert [fits(update, frames) for frames in (1, 2, 3)] == [True, False, False]
    with pytest.raises(RuntimeError, match="a fault"):
        fits(update, 4)


def test_memory_is_measured_kept_and_recomputed_but_not_on_a_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)  # restored afterwards
    measured_with: list[bool] = []

    def noted(*args: Any, recompute: bool, **rest: Any) -> Any:  # noqa: ANN401
        measured_with.append(recompute)
        return engine_of(*args, recompute=recompute, **rest)

    monkeypatch.setattr("benchmarks.gpu.memory.engine_of", noted)
    measure_memory(options(tmp_path, networks=["unet"]))
    report = json.loads((tmp_path / "memory.json").read_text())
    assert measured_with == [False, True]
    assert report["command"] == "python -m benchmarks.gpu FOLDER --memory"
    assert report["networks"] == {"unet": {}}


@pytest.mark.parametrize("views", [1, 8])
def test_the_plain_prediction_writes_the_maps_of_the_stage(
    views: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_frames(tmp_path, 3, 32)
    write_weights(tmp_path, "unet", options(tmp_path))
    write_parameters(tmp_path, views, 2)
    weights = tmp_path / "data/models/run/weights.safetensors"
    network, description = load_weights(weights)
    assert read("models", ModelsParams).run("run").network == "unet"
    chosen = choose_views(read("predict", PredictParams).tta, description)
    assert len(chosen) == views
    ours = Predictor(network, 1, chosen, device=CPU, dtype=torch.float32)
    images = Packed.open(tmp_path / "data/packed").test_images
    write_maps(maps_of(ours, images, 2), len(images), tmp_path / "ours.b2nd")
    plain = tmp_path / "plain.b2nd"
    predict_plainly(
        weights, views, tmp_path / "data/packed" / TEST_IMAGES, plain, batch=3, device=CPU
    )
    pairs = list(zip(read_maps(tmp_path / "ours.b2nd"), read_maps(plain), strict=True))
    assert len(pairs) == 3
    for mine, theirs in pairs:
        assert np.abs(mine.astype(int) - theirs.astype(int)).max() <= 1
        assert mine.std() > 0


def measured(folder: Path, name: str, *arguments: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "benchmarks.gpu", str(folder), *TINY, *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    report: dict[str, Any] = json.loads((folder / name).read_text())
    return report


@pytest.mark.slow
def test_all_networks_are_measured_under_the_names_of_the_record(tmp_path: Path) -> None:
    report = measured(tmp_path, "gpu.json", "--networks", "unet", "--alone", "--no-compile")
    assert list(report) == [
        *("machine", "date", "command", "settings", "ceilings", "networks", "epochs", "total"),
        "seconds",
    ]
    expected = {
        *("recorded_warm_up_seconds", "recorded_images_per_second", "recorded_peak_gib"),
        *("roof_images_per_second", "roof_arithmetic_images_per_second", "gflops_per_image"),
        *("gigabytes_per_image", "plain_images_per_second", "plain_peak_gib"),
        *("recorded_training_minutes", "recorded_times_plain", "recorded_of_roof", "recorded_mfu"),
    }
    assert set(report["networks"]["unet"]) == expected
    assert set(report["total"]) == {
        f"{each}_training_minutes" for each in ("recorded", "compiled", "best", "plain")
    }


@pytest.mark.slow
def test_the_stage_predict_is_measured_beside_a_plain_loop(tmp_path: Path) -> None:
    report = measured(tmp_path, "predict.json", "--predict", "--frames", "3", "--alone", "unet")
    assert set(report["networks"]["unet"]) == {
        f"views_{views}_{speed}"
        for views in (1, 8)
        for speed in ("frames_per_second", "plain_frames_per_second", "times_plain")
    }
    assert [path.name for path in tmp_path.iterdir()] == ["predict.json"]


@pytest.mark.slow
def test_trainings_at_once_are_measured_beside_one_alone(tmp_path: Path) -> None:
    report = measured(tmp_path, "together.json", "--together", "2", "--alone", "unet")
    assert report["settings"]["shape"] == [32, 32]
    assert report["settings"]["together"] == 2
    row = report["networks"]["unet"]
    assert row["built"] == {"width": 4}
    assert row["alone_frames_per_second"] > 0
    gain = row["together_frames_per_second"] / row["alone_frames_per_second"]
    assert row["times_alone"] == pytest.approx(gain)


def test_a_training_that_cannot_start_is_an_error_rather_than_a_speed() -> None:
    training = together.Training("unet", {"depth": "none"}, (32, 32), 2, 1, "cpu")
    with pytest.raises(RuntimeError, match="a training ended early"):
        together.speed(training, 1)
