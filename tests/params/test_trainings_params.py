"""The section `trainings`: further folds and seeds of every run."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nerveseg.errors import InputError
from nerveseg.params.trainings import (
    FIRST,
    Training,
    TrainingsParams,
    curves_of,
    read_trainings,
    weights_of,
)

ROOT = Path(__file__).parents[2]


def write(folder: Path, trainings: object) -> None:
    yaml = YAML()
    document = yaml.load(ROOT / "params.yaml")
    document["trainings"] = trainings
    yaml.dump(document, folder / "params.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_first_training_is_that_of_the_sections_split_and_train(folder: Path) -> None:
    write(folder, {"fold3": {"fold": 3, "seed": 1}, "seed2": {"fold": 0, "seed": 2}})
    expected = {FIRST: Training(0, 1), "fold3": Training(3, 1), "seed2": Training(0, 2)}
    assert read_trainings() == expected
    assert list(read_trainings()) == list(expected)


def test_folds_are_those_of_all_trainings() -> None:
    further = {"a": {"fold": 3, "seed": 1}, "b": {"fold": 0, "seed": 2}}
    assert TrainingsParams.model_validate(further).folds(1) == {0, 1, 3}
    assert TrainingsParams.model_validate({}).folds(1) == {1}


@pytest.mark.parametrize(
    ("trainings", "message"),
    [
        ({"a": {"fold": 4, "seed": 1}}, r"trainings\.a\.fold: there is no fold 4, the last of 4 "),
        (
            {"a": {"fold": 0, "seed": 1}},
            r"trainings\.a: the same fold and seed as .* first; change",
        ),
        (
            {"a": {"fold": 1, "seed": 1}, "b": {"fold": 1, "seed": 1}},
            r"trainings\.b: the same fold and seed as the training a",
        ),
        ({"a": {"fold": 1}}, r"trainings\.a\.seed: Field required"),
        ({"first": {"fold": 1, "seed": 1}}, r"'first' cannot name a training"),
        ({"a/b": {"fold": 1, "seed": 1}}, r"'a/b' cannot name a training"),
        ({"a": {"fold": -1, "seed": 1}}, r"trainings\.a\.fold: "),
    ],
)
def test_a_faulty_training_is_named(
    folder: Path, trainings: dict[str, object], message: str
) -> None:
    write(folder, trainings)
    with pytest.raises(InputError, match=message):
        read_trainings()


def test_the_files_of_the_first_training_are_where_they_were_before_there_were_others() -> None:
    assert weights_of("unet") == Path("data/models/unet/weights.safetensors")
    assert weights_of("unet", "fold1") == Path("data/models/unet/fold1/weights.safetensors")
    assert curves_of("unet") == Path("data/curves/unet.csv")
    assert curves_of("unet", "fold1") == Path("data/curves/unet/fold1.csv")
