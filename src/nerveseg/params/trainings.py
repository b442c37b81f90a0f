"""Section `trainings`: on which folds, and from which seeds, each run is trained."""

from pathlib import Path
from typing import Final, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from nerveseg.errors import InputError
from nerveseg.params.data import SplitParams
from nerveseg.params.section import PARAMS_FILE, Section, read
from nerveseg.params.train import RUN_NAME, TrainParams

FIRST: Final = "first"
"""The name of the training that every run has, on `split.fold` and from `train.seed`."""


class FurtherTraining(Section):
    """One more training of every run.

    Attributes:
        fold: the validation fold, as `split.fold`.
        seed: the seed, as `train.seed`.
    """

    fold: int = Field(ge=0)
    seed: int = Field(ge=0, lt=1 << 63)


class Training(NamedTuple):
    """One training of a run.

    Attributes:
        fold: the validation fold.
        seed: the seed.
    """

    fold: int
    seed: int


class TrainingsParams(Section):
    """The further trainings of each run: a name of your choice for each; none by default."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, FurtherTraining]

    @model_validator(mode="after")
    def _names_can_name_files(self) -> Self:
        for name in self.names():
            if not RUN_NAME.fullmatch(name) or name == FIRST:
                raise ValueError(
                    f"'{name[:40]}' cannot name a training: its files are called like it; use "
                    f"letters, digits, '_' and '-', and not {FIRST}"
                )
        return self

    def names(self) -> list[str]:
        """Return the names of the further trainings, in the order of the file."""
        return list(self.__pydantic_extra__)

    def folds(self, first: int) -> set[int]:
        """Return the folds that are trained, of which `first` is that of the first training."""
        return {first, *(further.fold for further in self.__pydantic_extra__.values())}

    def trainings(self, split: SplitParams, train: TrainParams) -> dict[str, Training]:
        """Return every training of a run by its name, the first one first.

        Raises:
            InputError: a fold does not exist, or two trainings are the same.
        """
        found = {FIRST: Training(split.fold, train.seed)}
        for name, further in self.__pydantic_extra__.items():
            training = Training(further.fold, further.seed)
            where = f"{PARAMS_FILE}: trainings.{name}"
            if training.fold >= split.folds:
                raise InputError(
                    f"{where}.fold: there is no fold {training.fold}, the last of {split.folds} is "
                    f"{split.folds - 1}; lower it, or raise split.folds"
                )
            same = next((other for other, known in found.items() if known == training), None)
            if same:
                raise InputError(
                    f"{where}: the same fold and seed as the training {same}; change either"
                )
            found[name] = training
        return found


def weights_of(run: str, training: str = FIRST) -> Path:
    """Return where the weights of a training are, from the root of the repository."""
    return Path("data/models", run, "" if training == FIRST else training, "weights.safetensors")


def curves_of(run: str, training: str = FIRST) -> Path:
    """Return where the learning curves of a training are, from the root of the repository."""
    return Path("data/curves", f"{run}.csv" if training == FIRST else f"{run}/{training}.csv")


def read_trainings() -> dict[str, Training]:
    """Return every training of a run by its name, as params.yaml lists them, the first one first.

    Raises:
        InputError: params.yaml is wrong.
    """
    further = read("trainings", TrainingsParams)
    return further.trainings(read("split", SplitParams), read("train", TrainParams))
