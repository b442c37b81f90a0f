"""Test frames are labelled by networks that validate on the fold, and by no other."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import runs
import torch
from pseudo_labels_of import FOLDER, write_test_frames
from ruamel.yaml import YAML
from scipy.special import expit
from tiny_training import SIZE, settings

from nerveseg.cli.main import call
from nerveseg.data.fold_table import assignment_of, read_folds, write_folds
from nerveseg.data.packed import Packed
from nerveseg.errors import InputError
from nerveseg.inference.label_folds import Labelling, label_folds
from nerveseg.inference.predict import Predictor
from nerveseg.inference.tta import SETS
from nerveseg.models.weights import load_weights, save_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.train import Run
from nerveseg.pseudo_labels import PseudoLabels, path_of, read_labels, save_labels

WEIGHTS = Path("data/models/danet/weights.safetensors")
PARAMETERS: dict[str, Any] = {
    "pack": {"shape": [SIZE, SIZE]},
    "split": {
        "protocol": "subject",
        "folds": 2,
        "fold": 0,
        "seed": 1,
        "drop_contradictions": False,
    },
    "trainings": {},
    "models": {"danet": runs.OPTIONS},
    "train": settings(epochs=2).model_dump(mode="json"),
    "predict": {
        "tta": "auto",
        "tta_weights": "mean",
        "batch": 5,
        "precision": "fp32",
        "engine": "torch",
    },
}
COMMAND = ("pseudo-label", "danet", "--out", str(FOLDER), "--sure", "0.501", "--least-area", "1")


@pytest.fixture
def project(workspace: Path) -> Path:
    """Train fold 0 of the split; return the folder, where the command can run."""
    write_test_frames(workspace)
    YAML().dump(PARAMETERS, workspace / "params.yaml")
    runs.train(workspace, settings(epochs=2))
    WEIGHTS.parent.mkdir(parents=True)
    shutil.move(workspace / "weights.safetensors", WEIGHTS)
    return workspace


@pytest.mark.usefixtures("project")
def test_the_labels_are_what_the_views_of_section_predict_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(COMMAND)
    labels = read_labels(FOLDER, 0)
    line = f"{FOLDER}/fold0.safetensors: {len(labels)} test frames, {labels.positive.sum()} of them"
    assert capsys.readouterr().out == f"{line} with a nerve\n"
    network, _ = load_weights(WEIGHTS)
    assert len(labels) > 0
    packed = Packed.open(Path("data/packed"))
    cpu = torch.device("cpu")
    predictor = Predictor(network, 1, SETS["d4"], device=cpu, dtype=torch.float32)
    maps = dict(zip(packed.test, predictor.logits(packed.test_images), strict=True))
    for index, img in enumerate(labels.img.tolist()):
        np.testing.assert_array_equal(labels.mask(index), maps[img] >= 0)
        expected = expit(maps[img])[maps[img] >= 0].mean()
        assert labels.certainty[index] == pytest.approx(expected, abs=1e-6)
    digest = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert labels.origin.weights == {str(WEIGHTS): digest}
    assert (labels.origin.run, labels.origin.fold, labels.origin.sure) == ("danet", 0, 0.501)


def test_the_labels_of_each_fold_are_those_of_its_networks_alone(project: Path) -> None:
    runs.train(project, settings(epochs=1), fold=1)
    other = project / "weights.safetensors"
    labelling = Labelling(
        "danet",
        Run("danet", runs.OPTIONS),
        project / "data/packed",
        assignment_of(read_folds(project / "data/folds.csv")),
        {},
        PredictParams.model_validate(PARAMETERS["predict"]),
        0.501,
        1,
    )
    label_folds(labelling, {0: [WEIGHTS], 1: [other]}, Path("both"))
    for fold, path in ((0, WEIGHTS), (1, other)):
        label_folds(labelling, {fold: [path]}, Path(f"alone{fold}"))
        together, alone = (path_of(Path(each), fold) for each in ("both", f"alone{fold}"))
        assert together.read_bytes() == alone.read_bytes()
    one, two = (read_labels(Path("both"), fold).certainty.tolist() for fold in (0, 1))
    assert one != two
    for folds in ({0: [other]}, {1: [WEIGHTS]}, {0: [WEIGHTS, other]}):
        with pytest.raises(InputError, match="records no training that validates on fold"):
            label_folds(labelling, folds, Path("mixed"))
    assert not Path("mixed").exists()
    for fold in (0, 1):
        runs.train(project, settings(epochs=1, pseudo_labels="both"), fold)


def test_every_training_of_the_parameters_labels_for_its_own_fold(project: Path) -> None:
    further = {"seed2": {"fold": 0, "seed": 2}, "fold1": {"fold": 1, "seed": 1}}
    YAML().dump({**PARAMETERS, "trainings": further}, project / "params.yaml")
    with pytest.raises(InputError, match=r"danet/seed2/weights.safetensors: not found; train"):
        call(COMMAND)
    for name, training in further.items():
        runs.train(project, settings(epochs=1, seed=training["seed"]), training["fold"])
        WEIGHTS.with_name(name).mkdir()
        shutil.move(project / "weights.safetensors", WEIGHTS.parent / name)
    call(COMMAND)
    made = {fold: {*read_labels(FOLDER, fold).origin.weights} for fold in (0, 1)}
    folder = WEIGHTS.parent
    assert made[0] == {str(WEIGHTS), f"{folder}/seed2/weights.safetensors"}
    assert made[1] == {f"{folder}/fold1/weights.safetensors"}


def test_a_training_takes_the_labels_of_its_own_fold(project: Path) -> None:
    call(COMMAND)
    runs.train(project, settings(epochs=1, pseudo_labels=str(FOLDER)))
    with pytest.raises(InputError, match=r"fold1.safetensors: not found, and fold 1 needs it"):
        runs.train(project, settings(epochs=1, pseudo_labels=str(FOLDER)), fold=1)


def _other_fold(project: Path) -> None:
    changed = {**PARAMETERS, "split": {**PARAMETERS["split"], "fold": 1}}
    YAML().dump(changed, project / "params.yaml")


def _other_split(project: Path) -> None:
    path = project / "data/folds.csv"
    rows = read_folds(path)
    write_folds(path, [row._replace(fold=1 - row.fold) if row.img == 9 else row for row in rows])


def _no_record(_: Path) -> None:
    module, description = load_weights(WEIGHTS)
    del description.training["assignment"]
    save_weights(WEIGHTS, module, description)


@pytest.mark.parametrize("change", [_other_fold, _other_split, _no_record])
def test_networks_that_may_have_seen_the_fold_label_nothing(
    project: Path, change: Callable[[Path], None]
) -> None:
    change(project)
    with pytest.raises(InputError, match=rf"^{WEIGHTS}: records no training that validates on"):
        call(COMMAND)
    assert not FOLDER.exists()
    assert list(FOLDER.parent.iterdir()) == []


@pytest.mark.usefixtures("project")
def test_an_interrupted_write_leaves_nothing_and_a_finished_one_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(path: Path, labels: PseudoLabels) -> None:
        save_labels(path, labels)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("nerveseg.inference.label_folds.save_labels", interrupted)
        with pytest.raises(KeyboardInterrupt):
            call(COMMAND)
    assert list(FOLDER.parent.iterdir()) == []
    call(COMMAND)
    before = path_of(FOLDER, 0).read_bytes()
    with pytest.raises(InputError, match="is there already; choose another name"):
        call(COMMAND)
    assert path_of(FOLDER, 0).read_bytes() == before


@pytest.mark.parametrize("sure", ["0.5", "1.1", "nan"])
def test_a_certainty_that_means_nothing_is_bad_usage(sure: str) -> None:
    with pytest.raises(SystemExit) as stop:
        call(["pseudo-label", "danet", "--out", str(FOLDER), "--sure", sure])
    assert stop.value.code == 2
