"""What differs from the paper in data and protocol, as far as params.yaml tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nerveseg.params.data import DataParams, PackParams, SplitParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.params.train import ModelsParams, Run, TrainParams

SIZE: Final = (512, 512)
EPOCHS: Final = 70
BATCH: Final = 8
RATE: Final = 1e-4
DECAY: Final = 1e-3
PRETRAINED: Final = "imagenet"
UNKNOWN: Final = "The paper does not state its random split or its seeds."


@dataclass(frozen=True)
class Settings:
    """The sections of params.yaml that a reader of the paper asks about."""

    data: DataParams
    pack: PackParams
    split: SplitParams
    train: TrainParams
    models: dict[str, Run]


def settings(path: Path = PARAMS_FILE) -> Settings:
    """Read the sections from the file at `path`.

    Raises:
        InputError: one of them is missing or impossible.
    """
    models = read("models", ModelsParams, path).runs()
    return Settings(
        read("data", DataParams, path),
        read("pack", PackParams, path),
        read("split", SplitParams, path),
        read("train", TrainParams, path),
        models,
    )


def differences(chosen: Settings) -> str:
    """Return sentences for a caption: what differs from the paper, or that nothing does."""
    parts = [*_data(chosen), *_training(chosen.train), *_networks(chosen.models)]
    if not parts:
        return f"Data and protocol as the paper states them. {UNKNOWN}"
    return f"Not the paper's experiment. Here: {'; '.join(parts)}. {UNKNOWN}"


def _data(chosen: Settings) -> Iterator[str]:
    if chosen.data.source == "simulated":
        yield "simulated frames instead of the competition's 5635"
    elif chosen.data.source == "archive":
        yield "an archive of one's own instead of the competition's frames, unless it holds those"
    if chosen.pack.shape != SIZE:
        yield f"{_size(chosen.pack.shape)} pixels instead of {_size(SIZE)}"
    if chosen.split.protocol == "subject":
        yield (
            "validation subjects that are not trained on (the paper's random split puts "
            "neighbours of a frame on both sides, which flatters)"
        )
    elif chosen.split.folds != 5:  # noqa: PLR2004
        yield f"1/{chosen.split.folds} of the frames to validate instead of 1/5"


def _training(train: TrainParams) -> Iterator[str]:
    pairs = (
        ("epochs", train.epochs, EPOCHS),
        ("frames a batch", train.batch, BATCH),
        ("initial learning rate", train.learning_rate, RATE),
        ("lambda of eq. 11", train.weight_decay, DECAY),
    )
    for name, ours, paper in pairs:
        if ours != paper:
            yield f"{name} {ours:g} instead of {paper:g}"
    if not train.balance:
        yield "batches not balanced 1:1"


def _networks(models: dict[str, Run]) -> Iterator[str]:
    options = [run.options for run in models.values()]
    if any(one.get("encoder_weights", PRETRAINED) != PRETRAINED for one in options):
        yield "encoders that are not pretrained on ImageNet"
    if any("width" in one for one in options):
        yield "widths as params.yaml sets them, which may be less than the papers'"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
