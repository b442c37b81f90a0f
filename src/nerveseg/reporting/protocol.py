"""How the data and protocol in params.yaml differ from the paper's."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nerveseg.params.data import DataParams, PackParams, SplitParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.params.train import ModelsParams, Run, TrainParams

PAPER_SIZE: Final = (512, 512)
PAPER_FOLDS: Final = 5
PAPER_EPOCHS: Final = 70
PAPER_BATCH: Final = 8
PAPER_LEARNING_RATE: Final = 1e-4
PAPER_WEIGHT_DECAY: Final = 1e-3
PAPER_WEIGHTS: Final = "imagenet"
UNKNOWN: Final = "The paper states neither its random split nor its seeds."


@dataclass(frozen=True)
class Settings:
    """The sections of params.yaml that describe data and protocol."""

    data: DataParams
    pack: PackParams
    split: SplitParams
    train: TrainParams
    models: dict[str, Run]


def read_settings(path: Path = PARAMS_FILE) -> Settings:
    """Read the sections from the file at `path`.

    Raises:
        InputError: a section is missing or has an invalid value.
    """
    models = read("models", ModelsParams, path).runs()
    return Settings(
        read("data", DataParams, path),
        read("pack", PackParams, path),
        read("split", SplitParams, path),
        read("train", TrainParams, path),
        models,
    )


def differences_from_paper(settings: Settings) -> str:
    """Return sentences for a caption: each difference from the paper, or that there is none."""
    found = [*_data(settings), *_training(settings.train), *_networks(settings.models)]
    if not found:
        return f"Data and protocol are as stated in the paper. {UNKNOWN}"
    return f"This is not the paper's experiment. It uses {'; '.join(found)}. {UNKNOWN}"


def _data(settings: Settings) -> Iterator[str]:
    if settings.data.source == "simulated":
        yield "simulated frames instead of the competition's 5635"
    elif settings.data.source == "archive":
        yield "an archive of your own, which may or may not hold the competition's frames"
    elif settings.data.source != "kaggle":
        yield (
            f"the source {settings.data.source}, which may or may not hold the competition's frames"
        )
    if settings.pack.shape != PAPER_SIZE:
        yield f"{_size(settings.pack.shape)} pixels instead of {_size(PAPER_SIZE)}"
    if settings.split.protocol == "subject":
        yield (
            "validation subjects that are not trained on (the paper's random split puts "
            "neighbouring frames on both sides, which inflates scores)"
        )
    elif settings.split.folds != PAPER_FOLDS:
        yield f"1/{settings.split.folds} of the frames for validation instead of 1/{PAPER_FOLDS}"


def _training(train: TrainParams) -> Iterator[str]:
    pairs = (
        ("{:g} epochs", train.epochs, PAPER_EPOCHS),
        ("{:g} frames per batch", train.batch, PAPER_BATCH),
        ("an initial learning rate of {:g}", train.learning_rate, PAPER_LEARNING_RATE),
        ("a lambda (eq. 11) of {:g}", train.weight_decay, PAPER_WEIGHT_DECAY),
    )
    for text, ours, paper in pairs:
        if ours != paper:
            yield f"{text.format(ours)} instead of {paper:g}"
    if not train.balance:
        yield "batches that are not balanced 1:1"


def _networks(models: dict[str, Run]) -> Iterator[str]:
    options = [run.options for run in models.values()]
    if any(given.get("encoder_weights", PAPER_WEIGHTS) != PAPER_WEIGHTS for given in options):
        yield "encoders that are not pretrained on ImageNet"
    if any("width" in given for given in options):
        yield "network widths set in params.yaml, which may be smaller than the published ones"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
