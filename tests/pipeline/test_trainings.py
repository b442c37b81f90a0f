"""Folds and seeds in the whole pipeline: what runs again, and which frames are judged."""

import re

import pytest
from clone import Clone

from nerveseg.data.split_table import read_split
from nerveseg.maps import read_maps

pytestmark = pytest.mark.slow
RUNS = ("unet", "rpa_apf")
MAPS = ("predict", "decide", "encode", "score")


@pytest.fixture(scope="module")
def clone(tiny: Clone) -> Clone:
    models = {"unet": {"width": 4}, "rpa_apf": {"width": 4}}
    tiny.set(models=models, split__folds=3, decide__rule="presence")
    tiny.repro()
    return tiny


def test_a_further_fold_trains_nothing_again_and_judges_its_frames(clone: Clone) -> None:
    weights = clone.folder / "data/models/unet/weights.safetensors"
    first = weights.read_bytes()
    clone.set(trainings={"fold1": {"fold": 1, "seed": 1}})
    ran = set(clone.repro()) - {"code", "check"}
    assert ran == {
        *("split", "baselines", "summary", "report"),
        *(f"{stage}@{run}" for stage in MAPS for run in RUNS),
        *(f"train_further@{run}-fold1" for run in RUNS),
    }
    assert weights.read_bytes() == first
    rows = read_split(clone.folder / "data/split.csv")
    assert {row.fold for row in rows if row.part == "valid"} == {0, 1}
    valid = sum(row.part == "valid" for row in rows)
    assert len(read_maps(clone.folder / "data/predictions/unet/valid.b2nd")) == valid
    assert "0/1: " in (clone.folder / "report/index.html").read_text()


def test_another_seed_of_every_fold_runs_only_itself_and_what_follows(clone: Clone) -> None:
    further = {f"fold{fold}": {"fold": fold, "seed": 1} for fold in (1, 2)}
    clone.set(trainings={**further, "seed2": {"fold": 0, "seed": 2}})
    ran = clone.repro()
    trained = {stage for stage in ran if stage.startswith("train")}
    assert trained == {f"train_further@{run}-{name}" for run in RUNS for name in ("fold2", "seed2")}
    rows = read_split(clone.folder / "data/split.csv")
    assert {row.part for row in rows} == {"valid"}
    assert clone.repro() == []


def test_a_shared_model_is_one_network(clone: Clone) -> None:
    said = clone.shell("nerveseg share unet 2>&1 || true")
    assert re.search(
        r"trainings: a shared model is one network, .* unet are those of 4 toget", said
    )


def test_without_further_trainings_everything_is_as_before(clone: Clone) -> None:
    clone.set(trainings={})
    assert not [stage for stage in clone.repro() if stage.startswith("train")]
    rows = read_split(clone.folder / "data/split.csv")
    assert {row.fold for row in rows if row.part == "valid"} == {0}


def test_a_fold_that_does_not_exist_is_refused_before_anything_runs(clone: Clone) -> None:
    clone.set(trainings={"fold3": {"fold": 3, "seed": 1}})
    said = clone.shell("nerveseg check-setup 2>&1 || true")
    assert "trainings.fold3.fold: there is no fold 3, the last of 3 is 2; lower it" in said
