"""Collects, from a project after `dvc repro`, what an artefact says about its run."""

import json
from importlib import metadata
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import JsonValue

from nerveseg.artefact.decision import DecisionRule
from nerveseg.artefact.format import Artefact, Normalisation
from nerveseg.csv_reader import read_file
from nerveseg.data import packed
from nerveseg.data.input_normalisation import DEVIATION, MEAN
from nerveseg.data.split_table import read_split
from nerveseg.errors import InputError
from nerveseg.evaluation.presence import NERVE_PIXELS
from nerveseg.evaluation.result_files import read_json
from nerveseg.inference.decision_file import read_decision
from nerveseg.inference.tta import choose_views, names_of
from nerveseg.leaderboard.lineage import parameters_of
from nerveseg.models.complexity import parameter_count
from nerveseg.models.registry import NETWORKS, titles
from nerveseg.models.weights import Description, check_network, load_weights
from nerveseg.package import MOST_MODEL_BYTES
from nerveseg.params.data import DataParams
from nerveseg.params.predict import PredictParams
from nerveseg.params.results import SummaryParams
from nerveseg.params.section import PARAMS_FILE, read
from nerveseg.params.train import ModelsParams
from nerveseg.params.trainings import TrainingsParams
from nerveseg.revision import find_revision
from nerveseg.sha256 import sha256_of

PACKED: Final = Path("data/packed")
SPLIT: Final = Path("data/split.csv")
SUMMARY: Final = Path("metrics/scores.json")
LOCK: Final = Path("dvc.lock")
PIPELINE: Final = Path("dvc.yaml")

_TRAINED_ON: Final = (
    PACKED / packed.TRAIN_TABLE,
    PACKED / packed.TRAIN_IMAGES,
    PACKED / packed.TRAIN_MASKS,
    SPLIT,
)
_PACKAGES: Final = ("nerveseg", "torch", "numpy", "opencv-python-headless")


class Shared(NamedTuple):
    """A run that can be shared.

    Attributes:
        weights: its file of weights.
        description: what the file says about its network and training.
        artefact: what is added.
    """

    weights: Path
    description: Description
    artefact: Artefact


def collect(run: str) -> Shared:
    """Collect what there is about `run` in the project in the working directory.

    Raises:
        InputError: there is no such run, or its outputs are missing or not those of the present
            data, parameters and code; the message says what to run.
    """
    models = read("models", ModelsParams)
    chosen = models.run(run)
    if further := read("trainings", TrainingsParams).names():
        raise InputError(
            f"{PARAMS_FILE}: trainings: a shared model is one network, and the scores of {run} are "
            f"those of {len(further) + 1} together; set trainings to {{}} and run dvc repro"
        )
    scores = Path(f"data/scores/{run}/scores.json")
    decision = Path(f"data/decisions/{run}.json")
    weights = Path(f"data/models/{run}/weights.safetensors")
    network, description = load_weights(weights)
    check_network(weights, description, chosen.network, chosen.options)
    # The stages that lead to the scores are all that an artefact speaks of.
    for file in (weights, decision, scores):
        parameters_of(file, read_file(file, MOST_MODEL_BYTES), LOCK, PARAMS_FILE, PIPELINE)
    predict = read("predict", PredictParams)
    decided = read_decision(decision)
    if decided.sweep:
        raise InputError(
            f"{decision}: its maps are smoothed over a sweep, and a shared model sees one frame at "
            "a time; set decide.sweep to 0 and run dvc repro"
        )
    rule = decided.test.model_dump(exclude={"name"})
    artefact = Artefact(
        run=run,
        title=titles(models.runs())[run],
        paper=NETWORKS[chosen.network].paper,
        normalisation=Normalisation(mean=MEAN, deviation=DEVIATION),
        tta=names_of(choose_views(predict.tta, description)).split(", "),
        tta_weights=predict.tta_weights,
        rule=DecisionRule(**rule, shape=decided.shape, nerve_pixels=NERVE_PIXELS),
        data=_data() | {"parameters": parameter_count(network)},
        fingerprint={path.as_posix(): sha256_of(path) for path in _TRAINED_ON},
        metrics=_metrics(run, scores),
        made_with=_made_with(),
    )
    return Shared(weights, description, artefact)


def _data() -> dict[str, JsonValue]:
    train = packed.read_train(PACKED / packed.TRAIN_TABLE)
    split = read_split(SPLIT)
    data: dict[str, JsonValue] = {"source": read("data", DataParams).source}
    for part in ("train", "valid"):
        rows = [index for index, row in enumerate(split) if row.part == part]
        data[f"{part}_frames"] = len(rows)
        data[f"{part}_nerves"] = sum(train[index].pixels != "" for index in rows)
        data[f"{part}_subjects"] = len({split[index].subject for index in rows})
    return data


def _metrics(run: str, scores: Path) -> dict[str, float | str]:
    """Return the scores of a run, with the interval of its Dice if the stage summary has run."""
    known = read_json(scores, f"score@{run}")
    try:
        summary = json.loads(SUMMARY.read_text(encoding="utf-8"))[run]
    except (OSError, ValueError, KeyError, TypeError):
        summary = {}
    # The summary may be older than the scores; its interval then belongs to another mean.
    if summary.get("dice") == known.get("dice"):
        level = read("summary", SummaryParams).level
        bounds = {key: summary[key] for key in ("dice_low", "dice_high") if key in summary}
        known |= bounds | ({"level": level} if bounds else {})
    return {key: value for key, value in known.items() if isinstance(value, str) or isfinite(value)}


def _made_with() -> dict[str, str]:
    made = {name: metadata.version(name) for name in _PACKAGES}
    revision = find_revision(Path())
    if revision:
        made["revision"] = revision.commit + (
            " with uncommitted changes" if revision.edited else ""
        )
    return made


def default_out(run: str) -> Path:
    """Return where `nerveseg share` writes if it is not told.

    Raises:
        InputError: `run` cannot name a file.
    """
    if "/" in run or run.startswith("."):
        raise InputError(f"params.yaml: models.{run}: no such run")
    return Path(f"{run}.nerveseg.zip")
