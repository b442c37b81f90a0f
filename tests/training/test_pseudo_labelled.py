"""Pseudo-labelled test frames train with the others, if networks of the same fold labelled them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import runs
from numpy.typing import NDArray
from pseudo_labels_of import FOLDER, LABELLED, masks, write_labels, write_test_frames
from safetensors.numpy import load_file
from tiny_training import FRAMES, VALID, settings, write_data

from nerveseg.data.dataset import Batch
from nerveseg.data.fold_table import read_folds, write_folds
from nerveseg.errors import InputError
from nerveseg.models.weights import load_weights
from nerveseg.training.engine import Engine

PARAMS = settings(epochs=2, pseudo_labels=str(FOLDER))
AS_THEY_ARE = settings(
    epochs=1, pseudo_labels=str(FOLDER), balance=False, flips=[], rotation=0, batch=5
)


@pytest.fixture
def unseen(workspace: Path) -> NDArray[np.uint8]:
    return write_test_frames(workspace)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """Collect the batches whose loss is computed."""
    batches: list[Batch] = []
    train_step = Engine.train_step

    def watched(self: Engine, micro_batches: tuple[Batch, ...], rate: float) -> None:
        batches.extend(Batch(*(each.clone() for each in one)) for one in micro_batches)
        train_step(self, micro_batches, rate)

    monkeypatch.setattr(Engine, "train_step", watched)
    return batches


def test_the_loss_sees_every_labelled_test_frame_with_its_mask_and_no_other_of_them(
    workspace: Path, unseen: NDArray[np.uint8], seen: list[Batch]
) -> None:
    write_labels(workspace)
    runs.train(workspace, AS_THEY_ARE)
    pairs = {
        image.tobytes(): mask
        for batch in seen
        for image, mask in zip(batch.images.numpy(), batch.masks.numpy(), strict=True)
    }
    assert len(pairs) == FRAMES - VALID + len(LABELLED)
    assert sum(len(batch.images) for batch in seen) == len(pairs)
    for row, mask in zip(LABELLED, masks(), strict=True):
        np.testing.assert_array_equal(pairs[unseen[row].tobytes()], mask)
    others = np.delete(unseen, LABELLED, axis=0)
    assert not {image.tobytes() for image in others} & set(pairs)


@pytest.mark.usefixtures("unseen")
def test_labelled_nerves_count_in_the_balance(workspace: Path, seen: list[Batch]) -> None:
    write_labels(workspace)
    changes = {"balance": True, "batch": 4}
    runs.train(workspace, AS_THEY_ARE.model_copy(update=changes))
    shares = [batch.masks.flatten(1).any(1).float().mean().item() for batch in seen]
    # 4 of 13 training and 3 of 6 labelled frames have a nerve: the 19 draws begin with one.
    assert shares == [0.5, 0.5, 0.5, 0.5, pytest.approx(2 / 3)]
    drawn = {image.tobytes() for batch in seen for image in batch.images.numpy()}
    assert len(drawn) == 7 + 9


def test_without_labels_test_frames_change_no_bit(workspace: Path) -> None:
    runs.train(workspace, settings(epochs=1))
    before = runs.results(workspace)
    write_test_frames(workspace)
    write_labels(workspace)
    runs.train(workspace, settings(epochs=1))
    assert runs.results(workspace) == before
    runs.train(workspace, settings(epochs=1, pseudo_labels=str(FOLDER)))
    assert runs.results(workspace) != before


@pytest.mark.usefixtures("unseen")
def test_the_weights_record_the_labels_and_the_split(workspace: Path) -> None:
    origins = []
    for seed in (0, 1):
        write_labels(workspace, seed=seed)
        runs.train(workspace, PARAMS)
        training = load_weights(workspace / "weights.safetensors")[1].training
        origins.append(training["pseudo_labels_of"])
        assert training["fold"] == 0
    assert origins[0]["sha256"] != origins[1]["sha256"]  # type: ignore[index]
    assert {**origins[0], "sha256": ""} == {  # type: ignore[dict-item]
        "sha256": "",
        "run": "unet",
        "fold": 0,
        "frames": 6,
        "with_nerve": 3,
    }
    runs.train(workspace, settings(epochs=1))
    assert "pseudo_labels_of" not in load_weights(workspace / "weights.safetensors")[1].training


def refused(workspace: Path, fold: int = 0) -> str:
    with pytest.raises(InputError) as caught:
        runs.train(workspace, PARAMS, fold)
    assert runs.checkpoints(workspace) == []
    line = str(caught.value)
    assert line.startswith(f"train.pseudo_labels: {FOLDER}/fold{fold}.safetensors: ")
    assert "\n" not in line
    return line


@pytest.mark.usefixtures("unseen")
def test_labels_of_another_fold_split_or_test_set_are_refused_before_training(
    workspace: Path,
) -> None:
    assert "not found, and fold 0 needs it" in refused(workspace)
    write_labels(workspace, fold=1)
    assert "networks that validate on fold 1 and were trained on" in refused(workspace)
    write_labels(workspace)
    assert "not found, and fold 1 needs it" in refused(workspace, fold=1)
    rows = read_folds(workspace / "data/folds.csv")
    moved = [row._replace(fold=2) if row.img == FRAMES else row for row in rows]
    write_folds(workspace / "data/folds.csv", moved)
    assert "made with another split" in refused(workspace)
    write_folds(workspace / "data/folds.csv", rows)
    write_test_frames(workspace, seed=6)
    assert "labels of other test frames" in refused(workspace)
    write_test_frames(workspace)
    runs.train(workspace, PARAMS)


@pytest.mark.slow
@pytest.mark.usefixtures("unseen")
def test_a_kill_changes_no_bit_and_other_labels_of_the_same_name_start_over(
    workspace: Path,
) -> None:
    write_labels(workspace)
    clone = workspace / "clone"
    write_data(clone)
    write_test_frames(clone)
    write_labels(clone)
    expected = runs.finished(workspace, PARAMS)
    runs.kill_writing(clone, PARAMS)
    (folder,) = runs.checkpoints(clone)
    assert runs.last_state(folder)["train_state"]["step"] == 2
    assert runs.finished(clone, PARAMS) == expected
    runs.kill_writing(clone, PARAMS)
    write_labels(clone, seed=1)
    again = runs.finished(clone, PARAMS)
    assert len(runs.checkpoints(clone)) == 1
    shutil.rmtree(clone / ".dvc")
    assert runs.finished(clone, PARAMS) == again
    one, other = (load_file(each / "weights.safetensors") for each in (workspace, clone))
    assert any((one[name] != other[name]).any() for name in one)
