"""Everything in params.yaml is checked at the start, and all faults are reported at once."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from nerveseg import preflight, surroundings
from nerveseg.cli.main import call
from nerveseg.errors import FaultsError, InputError, run
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, save_weights
from nerveseg.preflight import SECTIONS, check_everything
from nerveseg.pseudo_labels import Origin, PseudoLabels, path_of, save_labels

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    document: Any = YAML().load(ROOT / "params.yaml")
    # Four runs rather than ten: building a network takes a while, even without memory.
    kept = ("rpa_apf", "unet", "danet", "cenet")
    document["models"] = {name: document["models"][name] for name in kept}
    YAML().dump(document, tmp_path / "params.yaml")
    return tmp_path


def change(project: Path, **values: object) -> None:
    """Set parameters by their dotted keys, dots written as double underscores."""
    path = project / "params.yaml"
    document: Any = YAML().load(path)
    for key, value in values.items():
        *parents, last = key.split("__")
        section = document
        for parent in parents:
            section = section[parent]
        section[last] = value
    YAML().dump(document, path)


def faults(project: Path) -> list[str]:
    with pytest.raises(FaultsError) as caught:
        check_everything(project)
    return caught.value.lines


def test_the_parameters_of_the_repository_have_no_fault_until_one_is_made(project: Path) -> None:
    found = []
    for threshold in (0.5, 2.0):
        change(project, encode__threshold=threshold)
        try:
            check_everything(project)
        except FaultsError as error:
            found.append((threshold, len(error.lines)))
    assert found == [(2.0, 1)]


def test_every_section_of_the_file_is_checked() -> None:
    assert set(YAML(typ="safe").load(ROOT / "params.yaml")) == set(SECTIONS)


def test_all_faults_are_reported_at_once(project: Path) -> None:
    change(
        project,
        predict__tta="d5",
        encode__threshold=2.0,
        encode__min_blob=-1,
        summary__reference="resnet",
        leaderboard__runs=["unet", "vgg"],
        models__unet__width=10**9,
        models__cenet__encoder_weights="absent.pth",
        models__danet__in_channels=3,
        schedule={"epochs": 3},
    )
    keys = [
        "models: Value error, ",
        "predict.tta",
        "encode.threshold",
        "encode.min_blob",
        "schedule",
    ]
    found = faults(project)
    assert [line.split(": ")[1] for line in found] == [key.split(":")[0] for key in keys]
    change(project, models__danet={}, schedule={})
    keys = ["predict.tta", "encode.threshold", "encode.min_blob", "schedule", "models.unet"]
    keys += ["models.cenet", "summary.reference", "leaderboard.runs"]
    assert [line.split(": ")[1] for line in faults(project)] == keys


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("audit__bandwidth", float("inf")),
        ("train__power", float("inf")),
        ("train__weight_decay", float("inf")),
        ("train__learning_rate", float("nan")),
        ("train__seed", 2**64),
        ("data__simulated__seed", 2**64),
        ("train__losses", {"dice_of_tomorrow": 1}),
        ("models", None),
        ("models__unet", None),
    ],
)
def test_impossible_values_name_their_key(project: Path, key: str, value: object) -> None:
    change(project, **{key: value})
    lines = faults(project)
    assert any(line.startswith(f"params.yaml: {key.replace('__', '.')}") for line in lines), lines


def test_two_trainings_that_dvc_would_call_alike_are_refused(project: Path) -> None:
    first = "rpa_apf"
    further = {"b": {"fold": 1, "seed": 1}, "x-b": {"fold": 1, "seed": 2}}
    change(project, trainings=further)
    check_everything(project)
    change(project, **{f"models__{first}-x": {"network": "unet", "width": 4}})
    (line,) = faults(project)
    assert line.startswith(f"params.yaml: trainings.b: DVC would call a training of {first}-x and")


def test_a_prior_of_shape_needs_a_fold_that_only_trains(project: Path) -> None:
    change(project, split__folds=3, decide__shape=8, trainings={"b": {"fold": 1, "seed": 1}})
    check_everything(project)
    further = {"b": {"fold": 1, "seed": 1}, "c": {"fold": 2, "seed": 1}}
    change(project, trainings=further)
    (line,) = faults(project)
    assert line.startswith("params.yaml: decide.shape: its shapes are those of frames that only")
    change(project, decide__shape=0)
    check_everything(project)


def test_initial_weights_are_checked_for_every_run(project: Path) -> None:
    (project / "external").mkdir()
    described = Description("unet", {"width": 4}, 1, (32, 32), {})
    save_weights(project / "external/unet.safetensors", build("unet", width=4), described)
    models = {"unet": {"width": 4}, "other": {"network": "unet", "width": 4}}
    change(project, models=models, summary__reference="unet")
    change(project, train__initial_weights="external/{run}.safetensors")
    (line,) = faults(project)
    assert line.startswith("params.yaml: models.other: train.initial_weights: external/other.safe")
    change(project, train__initial_weights="external/unet.safetensors")
    check_everything(project)
    change(project, train__channels=3, models={"unet": {"width": 4}})
    (line,) = faults(project)
    assert "external/unet.safetensors: the weights of unet with train.channels 1, not 3" in line


def test_pseudo_labels_are_checked_against_the_split_and_the_frames(project: Path) -> None:
    change(project, train__pseudo_labels="external/pseudo/first")
    (line,) = faults(project)
    key = "params.yaml: train.pseudo_labels: external/pseudo/first/fold0.safetensors"
    assert line.startswith(f"{key}: not found, and fold 0 needs it; ")
    params = YAML(typ="safe").load(project / "params.yaml")
    made = {f"split.{name}": params["split"][name] for name in ("protocol", "folds", "seed")}
    made["pack.shape"] = params["pack"]["shape"]
    origin = Origin("unet", 0, "0" * 64, "0" * 64, {}, made, 0.9, 2000)
    empty = np.empty((0, 64 * 96 // 8), np.uint8)
    of_none = (np.empty(0, np.int64), empty, np.empty(0, np.float32), (64, 96))
    (project / "external/pseudo/first").mkdir(parents=True)
    save_labels(path_of(project / "external/pseudo/first", 0), PseudoLabels(origin, *of_none))
    check_everything(project)
    change(project, split__seed=2)
    assert faults(project)[0].startswith(f"{key}: made with split.seed 1, not 2; ")
    change(project, split__seed=1, pack__shape=[64, 128])
    assert faults(project)[0].startswith(f"{key}: made with pack.shape [64, 96], not [64, 128]; ")
    change(project, pack__shape=[64, 96], trainings={"second": {"fold": 2, "seed": 1}})
    (line,) = faults(project)
    assert line.startswith(f"{key.replace('fold0', 'fold2')}: not found, and fold 2 needs it; ")


@pytest.mark.slow
def test_frames_and_networks_that_half_the_size_does_not_suit_are_named(project: Path) -> None:
    fixed = {"encoder": "tu-vit_tiny_patch16_224", "settings": {"img_size": 128}}
    models = {"unet": {"width": 4}, "vit": {"network": "smp", "architecture": "DPT", **fixed}}
    change(project, train__half_size=5, pack__shape=[128, 128], models=models)
    change(project, summary__reference="unet")
    (line,) = faults(project)
    assert line.startswith("params.yaml: train.half_size: models.vit: smp cannot compute frames of")
    change(project, pack__shape=[128, 129])
    (line,) = faults(project)
    assert "train.half_size: frames of 128 x 129 cannot be halved" in line


def test_ensembles_are_made_of_runs_and_named_like_none_and_can_be_submitted(
    project: Path,
) -> None:
    good = {"runs": ["unet", "danet"], "combine": "logits", "select": "all"}
    change(project, ensembles={"both": good}, leaderboard__runs=["both", "unet"])
    check_everything(project)
    change(project, ensembles={"both": {**good, "runs": ["unet", "none"]}, "cenet": good})
    change(project, leaderboard__runs=["other"])
    lines = faults(project)
    assert [line.partition(": ")[2].partition(": ")[0] for line in lines] == [
        "ensembles.both.runs",
        "ensembles.cenet",
        "leaderboard.runs",
    ]
    assert "there is no run 'none'; name one of rpa_apf, unet" in lines[0]
    assert lines[2].endswith("cenet, both")


def test_each_fault_is_a_line_and_the_exit_code_is_1(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project, predict__tta="d5", score__bins=1)
    with pytest.raises(SystemExit) as stop:
        run(lambda: check_everything(project))
    assert stop.value.code == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: params.yaml: predict.tta: ")
    assert second.startswith("error: params.yaml: score.bins: ")


@pytest.mark.parametrize("kind", ["folder", "binary", "deep", "text", "gone", "tag", "alias"])
def test_an_unreadable_file_is_one_line(project: Path, kind: str) -> None:
    path = project / "params.yaml"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind != "gone":
        texts = {
            **{"binary": b"\xff\xfe", "deep": b"[" * 600, "text": b"hello"},
            **{"tag": b'train: {epochs: !!int ""}', "alias": b"train: &a [*a]"},
        }
        path.write_bytes(texts[kind])
    with pytest.raises(InputError, match=r"^params\.yaml: "):
        check_everything(project)


def test_an_engine_that_cannot_compute_is_named_before_anything_is_trained(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    change(project, predict__engine="openvino")
    (line,) = faults(project)
    assert line == (
        "params.yaml: predict.engine: the package 'openvino' is not installed; "
        "run pip install 'nerveseg[openvino]'"
    )


def test_what_the_parameters_presuppose_is_checked_at_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        project,
        predict__tta="d4",
        train__flips=["diagonal"],
        data__source="archive",
        data__archive="mine.zip",
        data__solution="solution.csv",
    )
    monkeypatch.setenv("NERVESEG_DEVICE", "meta")
    monkeypatch.setenv("NERVESEG_LOG_LEVEL", "loud")
    monkeypatch.setenv("NERVESEG_CHECKPOINT_MINUTES", "never")
    monkeypatch.setattr(preflight, "refuse_outputs", lambda source, root: None)
    starts = ["NERVESEG_LOG_LEVEL: ", "NERVESEG_CHECKPOINT_MINUTES: ", "NERVESEG_DEVICE: "]
    starts += ["params.yaml: train.flips: ", "params.yaml: predict.tta: "]
    starts += ["params.yaml: data.archive: mine.zip: not found"]
    lines = faults(project)
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_too_little_room_is_noticed_before_anything_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = list(YAML(typ="safe").load(project / "params.yaml")["models"])
    needed = surroundings.needed_bytes(
        project / "data", surroundings.Frames(480, 288), 120, (64, 96), runs
    )
    # Counted by hand: 480 images and masks and 288 test images; 4 runs' maps at a bit per pixel.
    assert needed == (2 * 480 + 288) * 64 * 96 + 4 * (120 + 288) * 420 * 580 // 8
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=needed))
    check_everything(project)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=needed - 1))
    (line,) = faults(project)
    assert "need at least 0.1 GB, and only 0.1 GB are free; free some" in line
    (project / "data/packed").mkdir(parents=True)
    (project / "data/packed/test_images.npy").touch()
    check_everything(project)


def test_the_command_says_that_all_is_fine_or_what_is_not(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call(["check-setup"])
    assert capsys.readouterr().out == "parameters, data and machine are fine\n"
    change(project, encode__threshold=2.0)
    with pytest.raises(FaultsError):
        call(["check-setup"])


def test_an_external_member_of_an_ensemble_must_be_there(project: Path) -> None:
    options = {"combine": "logits", "select": "all"}
    change(project, ensembles={"nnunet": {"runs": ["unet", "external/nnunet"], **options}})
    key = f"params.yaml: ensembles.nnunet.runs: {project}/external/nnunet"
    assert faults(project) == [f"{key}: not found; write it by nerveseg nnunet import"]
    folder = project / "external/nnunet"
    folder.mkdir(parents=True)
    (folder / "valid.csv").write_text("subject,img\n1,1\n")
    (folder / "test.csv").write_text("img\n1\n")
    assert faults(project) == [f"{key}/valid.b2nd: not found; write it by nerveseg nnunet import"]
