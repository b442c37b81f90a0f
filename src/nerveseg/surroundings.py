"""Checks what params.yaml presupposes: the data that it names, the machine, room on the disk."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from nerveseg.data.archive import Competition
from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import workers_for
from nerveseg.data.own_archive import checked_solution
from nerveseg.data.packed import TEST_IMAGES, TRAIN_IMAGES, TRAIN_MASKS
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sources import check_source
from nerveseg.device import pick_device
from nerveseg.errors import InputError, within
from nerveseg.inference.tta import choose_views
from nerveseg.models.factory import check_image_size
from nerveseg.models.registry import LIBRARY
from nerveseg.models.weights import Description
from nerveseg.params.data import DataParams, PackParams, SplitParams
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import PARAMS_FILE, Section
from nerveseg.params.train import ModelsParams, TrainParams
from nerveseg.params.trainings import TrainingsParams
from nerveseg.rle import IMAGE_SHAPE
from nerveseg.submission.check import COMPETITION_COUNT
from nerveseg.training.checkpoint import minutes_between
from nerveseg.training.half_size import check_half_size
from nerveseg.training.progress import log_level

COMPETITION_TRAIN: Final = 5635
"""Number of training frames of the competition."""

LEAST_MAP_BYTES: Final = IMAGE_SHAPE[0] * IMAGE_SHAPE[1] // 8
"""What a stored map needs at least: a bit per pixel. Noisy maps need twice as much."""

Sections = Mapping[str, Section]
S = TypeVar("S", bound=Section)


class Frames(NamedTuple):
    """How many frames a competition has.

    Attributes:
        train: number of training frames.
        test: number of test frames.
    """

    train: int
    test: int


def checks(sections: Sections, root: Path) -> Iterator[Callable[[], None]]:
    """Yield functions that each raise an `InputError` if something is missing or does not fit.

    They read the names and tables of an archive, but decode no frame.

    Args:
        sections: the valid sections of params.yaml by name; checks of the others are left out.
        root: root of the repository, which is the working directory.
    """
    yield from (partial(_call, each) for each in (log_level, minutes_between, _check_device))
    pack, protocol = _section(sections, PackParams), _section(sections, TrainParams)
    if pack and protocol:
        yield partial(_check_augmentation, protocol, pack.shape)
        if protocol.half_size:
            models = _section(sections, ModelsParams)
            yield partial(_check_half_size, protocol, pack.shape, models)
        if predict := _section(sections, PredictParams):
            yield partial(_check_views, predict, protocol, pack.shape)
    if source := _section(sections, DataParams):
        yield partial(_check_data, source, sections, root)


def _section(sections: Sections, kind: type[S]) -> S | None:
    return next((each for each in sections.values() if isinstance(each, kind)), None)


def _call(check: Callable[[], object]) -> None:
    check()


def _check_device() -> None:
    workers_for(pick_device())


def _check_augmentation(protocol: TrainParams, shape: tuple[int, int]) -> None:
    strengths = Strengths(protocol.rotation, protocol.scale, protocol.shift, protocol.intensity)
    with within(str(PARAMS_FILE)):
        Augmentation(protocol.flips, strengths, shape, protocol.seed, protocol.transforms)


def _check_half_size(
    protocol: TrainParams, shape: tuple[int, int], models: ModelsParams | None
) -> None:
    with within(str(PARAMS_FILE)):
        check_half_size(protocol.half_size, shape)
    for name, run in (models.runs() if models else {}).items():
        # The other networks take every size.
        if run.network == LIBRARY:
            with within(f"{PARAMS_FILE}: train.half_size: models.{name}"):
                check_image_size(*run, (shape[0] // 2, shape[1] // 2))


def _check_views(predict: PredictParams, protocol: TrainParams, shape: tuple[int, int]) -> None:
    trained = Description("", {}, protocol.channels, shape, {"flips": list(protocol.flips)})
    with within(f"{PARAMS_FILE}: predict.tta"):
        choose_views(predict.tta, trained)


def _check_data(source: DataParams, sections: Sections, root: Path) -> None:
    check_source(source)
    frames = _frames_of(source)
    if frames is None:
        return
    split = _section(sections, SplitParams)
    if split and split.folds > frames.train:
        raise InputError(
            f"{PARAMS_FILE}: split.folds: {split.folds} folds need as many frames, and there are "
            f"{frames.train}; lower it"
        )
    pack, models = _section(sections, PackParams), _section(sections, ModelsParams)
    if pack and models and split:
        further = _section(sections, TrainingsParams)
        folds = len(further.folds(split.fold)) if further else 1
        valid = frames.train * folds // split.folds
        _check_room(root, needed_bytes(root / "data", frames, valid, pack.shape, models.names()))


def _frames_of(source: DataParams) -> Frames | None:
    """Return the numbers of frames; None for a source that only its own module knows.

    Raises:
        InputError: the archive or its solution is missing or not in the competition's layout.
    """
    if source.source == "simulated":
        each = source.simulated
        return Frames(
            each.train_subjects * each.train_frames, each.test_subjects * each.test_frames
        )
    if source.source == "kaggle":
        return Frames(COMPETITION_TRAIN, COMPETITION_COUNT)
    if source.source != "archive":
        return None
    with within(f"{PARAMS_FILE}: data.archive"), Competition(Path(str(source.archive))) as found:
        frames = Frames(len(found.train), len(found.test))
        test = set(found.test)
    if source.solution is not None:
        with within(f"{PARAMS_FILE}: data.solution"):
            checked_solution(Path(source.solution), test)
    return frames


def needed_bytes(
    data: Path, frames: Frames, valid: int, shape: tuple[int, int], runs: list[str]
) -> int:
    """Return how much more room the arrays and maps need at least; what is there needs none.

    Args:
        data: the folder of the outputs.
        frames: numbers of frames.
        valid: number of validation frames.
        shape: height and width of the packed frames.
        runs: names of the runs.
    """
    counts = {TRAIN_IMAGES: frames.train, TRAIN_MASKS: frames.train, TEST_IMAGES: frames.test}
    files = {f"packed/{name}": count * shape[0] * shape[1] for name, count in counts.items()}
    for run in runs:
        files[f"predictions/{run}/valid.b2nd"] = valid * LEAST_MAP_BYTES
        files[f"predictions/{run}/test.b2nd"] = frames.test * LEAST_MAP_BYTES
    return sum(size for name, size in files.items() if not (data / name).exists())


def _check_room(root: Path, needed: int) -> None:
    folder = root / "data"
    free = shutil.disk_usage(folder if folder.is_dir() else root).free
    if needed > free:
        raise InputError(
            f"{folder}: arrays and maps need at least {needed / 1e9:,.1f} GB, and only "
            f"{free / 1e9:,.1f} GB are free; free some, lower pack.shape, or list fewer models"
        )
