"""The environment of a training is written beside its weights and read without torch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nerveseg.environment import (
    LIMITS,
    environment,
    read_environments,
    recorded_environment,
    write_environments,
)
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, load_weights, save_weights
from nerveseg.reporting.provenance import collect_facts, environments, pseudo_labels

CPU = torch.device("cpu")


def test_what_rounding_depends_on_is_named() -> None:
    found = environment(CPU, torch.bfloat16)
    assert (found["precision"], found["device"]) == ("bfloat16", "CPU")
    assert found["instructions"] == torch.backends.cpu.get_cpu_capability()
    assert found["threads"] == str(torch.get_num_threads())
    assert str(torch.__version__).startswith(found["torch"].partition("+")[0])
    assert found["numpy"] == np.__version__
    assert all(isinstance(value, str) and value for value in found.values())


def test_a_limit_on_the_instructions_of_convolutions_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in LIMITS:
        monkeypatch.delenv(name, raising=False)
    unlimited = environment(CPU, torch.float32)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    assert environment(CPU, torch.float32) == {**unlimited, "ONEDNN_MAX_CPU_ISA": "SSE41"}


def weights(root: Path, runs: str) -> dict[str, Path]:
    return {run: root / f"data/models/{run}/weights.safetensors" for run in runs}


def save(root: Path, run: str, training: dict[str, object]) -> Path:
    path = root / f"data/models/{run}/weights.safetensors"
    save_weights(
        path, build("unet", 1, width=4), Description("unet", {"width": 4}, 1, (64, 64), training)
    )
    return path


def test_it_survives_the_weights_file_and_weights_without_it_load(tmp_path: Path) -> None:
    found = environment(CPU, torch.float32)
    path = save(tmp_path, "one", {"environment": found})
    assert recorded_environment(path) == found
    assert load_weights(path)[1].training["environment"] == found
    assert recorded_environment(save(tmp_path, "old", {"epochs": 1})) == {}
    assert recorded_environment(tmp_path / "none") == {}


def test_runs_of_one_environment_are_named_together() -> None:
    one = {"precision": "float32"}
    runs: dict[str, dict[str, str]] = {"a": one, "b": one}
    assert environments("Trained with", runs) == {"Trained with": "precision float32"}
    runs |= {"c": {"precision": "bfloat16"}, "d": {}}
    assert environments("Trained with", runs) == {
        "Trained with: a, b": "precision float32",
        "Trained with: c": "precision bfloat16",
        "Trained with: d": "not recorded",
    }


def test_the_report_says_what_computed_the_maps_of_every_training(tmp_path: Path) -> None:
    trainings = {"first": {"engine": "torch"}, "fold1": {"engine": "onnx", "threads": "1"}}
    write_environments(tmp_path, "a", trainings)
    write_environments(tmp_path, "b", {"first": {"engine": "torch"}})
    assert read_environments(tmp_path, "a") == trainings
    facts = collect_facts(tmp_path, ["a", "b", "c"], ["first", "fold1"])
    assert {name: text for name, text in facts.items() if name.startswith("Maps")} == {
        "Maps computed with: a, b": "engine torch",
        "Maps computed with: a fold1": "engine onnx, threads 1",
        "Maps computed with: c": "not recorded",
    }


@pytest.mark.parametrize("text", ["", "[1]", '{"first": 1}', "\udcff"])
def test_a_spoilt_record_is_no_record(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data/environments/a.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, errors="surrogateescape")
    assert read_environments(tmp_path, "a") == {}


def test_the_report_names_the_pseudo_labels_that_a_run_has_trained_on(tmp_path: Path) -> None:
    labels = {"run": "unet", "fold": 0, "frames": 6, "with_nerve": 3}
    save(tmp_path, "a", {"pseudo_labels": "external/pseudo/one", "pseudo_labels_of": labels})
    save(tmp_path, "b", {"pseudo_labels": None})
    assert pseudo_labels(weights(tmp_path, "abc")) == {
        "Pseudo-labels: a": "fold 0, frames 6, run unet, with nerve 3"
    }
