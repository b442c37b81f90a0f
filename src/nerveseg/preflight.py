"""Checks parameters, data and machine before long work, and reports all faults at once."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from nerveseg import surroundings
from nerveseg.engines.choice import check_engine
from nerveseg.errors import FaultsError, InputError, within
from nerveseg.external_maps import read_frames
from nerveseg.inference.label_folds import check_parameters, parameters_of
from nerveseg.models.factory import check_options
from nerveseg.outputs import refuse_outputs
from nerveseg.params import data, ensembles, predict, results, train, trainings
from nerveseg.params.section import PARAMS_FILE, Section, read, read_document
from nerveseg.pseudo_labels import path_of, read_labels
from nerveseg.training.initial_weights import initial_path, read_initial
from nerveseg.training.losses import check_losses
from nerveseg.training.pseudo_labelled import KEY as PSEUDO_LABELS

SECTIONS: Final[dict[str, type[Section]]] = {
    name.removesuffix("Params").lower(): kind
    for module in (data, train, trainings, predict, ensembles, results)
    for name, kind in vars(module).items()
    if name.endswith("Params")
}
"""Every section of params.yaml by its name, which is that of its class."""


def check_everything(root: Path) -> None:
    """Check all sections, the networks' options and pretrained weights, names of runs, and more.

    `nerveseg.surroundings` checks what they presuppose: data, machine, and room on the disk.

    Args:
        root: root of the repository, which is the working directory.

    Raises:
        InputError: something is wrong; there is one line for each fault.
    """
    document = read_document(PARAMS_FILE)  # unreadable, it would be a fault of every section
    faults: list[str] = []
    sections: dict[str, Section] = {}

    def attempt(check: Callable[[], object]) -> None:
        try:
            check()
        except FaultsError as error:
            faults.extend(error.lines)
        except InputError as error:
            faults.append(str(error))

    def take(name: str) -> None:
        sections[name] = read(name, SECTIONS[name])

    for name in SECTIONS:
        attempt(partial(take, name))
    attempt(partial(_refuse_unknown_sections, document))
    for check in (*_checks(sections, root), *surroundings.checks(sections, root)):
        attempt(check)
    if faults:
        raise FaultsError(faults)


def _checks(sections: dict[str, Section], root: Path) -> Iterator[Callable[[], object]]:
    """Yield the checks of the sections that are valid in themselves."""
    if isinstance(source := sections.get("data"), data.DataParams):
        yield partial(refuse_outputs, source, root)
    if isinstance(protocol := sections.get("train"), train.TrainParams):
        yield partial(check_losses, protocol.losses)
        yield from _checks_of_trainings(sections, protocol)
        if protocol.pseudo_labels is not None:
            yield partial(_check_pseudo_labels, Path(protocol.pseudo_labels), sections)
    if isinstance(prediction := sections.get("predict"), predict.PredictParams):
        yield partial(_check_engine, prediction)
    if not isinstance(models := sections.get("models"), train.ModelsParams):
        return
    for name in models.names():
        yield partial(_check_run, name, models)
        if isinstance(protocol, train.TrainParams) and protocol.initial_weights is not None:
            yield partial(_check_initial_weights, name, models, protocol, _folds(sections))
    yield from _checks_of_names(sections, models, root)


def _folds(sections: dict[str, Section]) -> set[int]:
    """Return the folds that are trained, as far as the sections are valid."""
    further, split = sections.get("trainings"), sections.get("split")
    first = split.fold if isinstance(split, data.SplitParams) else 0
    return further.folds(first) if isinstance(further, trainings.TrainingsParams) else {first}


def _checks_of_trainings(
    sections: dict[str, Section], protocol: train.TrainParams
) -> Iterator[Callable[[], object]]:
    further, split = sections.get("trainings"), sections.get("split")
    if isinstance(further, trainings.TrainingsParams) and isinstance(split, data.SplitParams):
        yield partial(further.trainings, split, protocol)
        if isinstance(models := sections.get("models"), train.ModelsParams):
            yield partial(_refuse_equal_stages, models.names(), further.names())
        if isinstance(decide := sections.get("decide"), results.DecideParams) and decide.shape:
            yield partial(_check_shape, further, split)


def _refuse_equal_stages(runs: list[str], names: list[str]) -> None:
    known: dict[str, str] = {}
    for run, name in product(runs, names):
        stage = f"{run}-{name}"
        if known.setdefault(stage, run) != run:
            raise InputError(
                f"{PARAMS_FILE}: trainings.{name}: DVC would call a training of {run} and one of "
                f"{known[stage]} {stage}; choose another name"
            )


def _check_shape(further: trainings.TrainingsParams, split: data.SplitParams) -> None:
    """Raise an InputError if no frame is left for a prior of shape: every one of them is judged."""
    if len(further.folds(split.fold)) >= split.folds:
        raise InputError(
            f"{PARAMS_FILE}: decide.shape: its shapes are those of frames that only train, and "
            "with trainings every fold is judged; set it to 0, or leave a fold out of trainings"
        )


def _checks_of_names(
    sections: dict[str, Section], models: train.ModelsParams, root: Path
) -> Iterator[Callable[[], object]]:
    names = models.names()
    if isinstance(groups := sections.get("ensembles"), ensembles.EnsemblesParams):
        for name in groups.names():
            yield partial(_refuse_name_of_a_run, name, names)
            for run in groups.ensemble(name).members(models):
                if ensembles.is_external(run):
                    yield partial(_check_external, f"ensembles.{name}.runs", root / run)
                else:
                    yield partial(_refuse_unknown_run, f"ensembles.{name}.runs", run, names)
        names = list(dict.fromkeys([*names, *groups.names()]))
    if isinstance(summary := sections.get("summary"), results.SummaryParams):
        yield partial(_refuse_unknown_run, "summary.reference", summary.reference, names)
    if isinstance(board := sections.get("leaderboard"), results.LeaderboardParams):
        for run in board.runs:
            yield partial(_refuse_unknown_run, "leaderboard.runs", run, names)


def _check_external(key: str, folder: Path) -> None:
    with within(f"{PARAMS_FILE}: {key}"):
        read_frames(folder)


def _check_engine(params: predict.PredictParams) -> None:
    with within(f"{PARAMS_FILE}: predict.engine"):
        check_engine(params.engine, params.tta_weights)


def _check_run(name: str, models: train.ModelsParams) -> None:
    with within(f"{PARAMS_FILE}: models.{name}"):
        check_options(*models.run(name))


def _check_initial_weights(
    name: str, models: train.ModelsParams, protocol: train.TrainParams, folds: set[int]
) -> None:
    paths = [initial_path(protocol.initial_weights, name, fold) for fold in sorted(folds)]
    for path in filter(None, dict.fromkeys(paths)):
        with within(f"{PARAMS_FILE}: models.{name}"):
            read_initial(path, *models.run(name), protocol.channels)


def _check_pseudo_labels(folder: Path, sections: dict[str, Section]) -> None:
    split, pack, further = (sections.get(name) for name in ("split", "pack", "trainings"))
    if not (
        isinstance(split, data.SplitParams)
        and isinstance(pack, data.PackParams)
        and isinstance(further, trainings.TrainingsParams)
    ):
        return
    with within(f"{PARAMS_FILE}: {PSEUDO_LABELS}"):
        for fold in sorted(further.folds(split.fold)):
            labels = read_labels(folder, fold)
            check_parameters(path_of(folder, fold), labels.origin, parameters_of(split, pack))


def _refuse_name_of_a_run(name: str, runs: list[str]) -> None:
    if name in runs:
        raise InputError(
            f"{PARAMS_FILE}: ensembles.{name}: a run has this name, and their files would be the "
            "same; choose another name"
        )


def _refuse_unknown_run(key: str, run: str, names: list[str]) -> None:
    if run not in names:
        raise InputError(
            f"{PARAMS_FILE}: {key}: there is no run '{run[:40]}'; name one of {', '.join(names)}"
        )


def _refuse_unknown_sections(document: dict[str, object]) -> None:
    for name in document:
        if name not in SECTIONS:
            raise InputError(
                f"{PARAMS_FILE}: {name}: no such section; remove it, or correct its name to one of "
                f"{', '.join(SECTIONS)}"
            )
