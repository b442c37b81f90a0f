"""The networks of all trainings of a run, each computed by what is fastest or was asked for."""

from collections.abc import Mapping
from typing import NamedTuple

from nerveseg.engines.choice import Frames, choose
from nerveseg.inference.averaged import load_averaged
from nerveseg.inference.predict_trainings import Trained
from nerveseg.params.predict import PredictParams
from nerveseg.params.train import Run
from nerveseg.params.trainings import Training, weights_of


class OpenedTrainings(NamedTuple):
    """The networks of a run.

    Attributes:
        networks: one for each training.
        environments: name of a training -> what its maps depend on.
    """

    networks: list[Trained]
    environments: dict[str, dict[str, str]]


def open_trainings(
    name: str,
    run: Run,
    trainings: Mapping[str, Training],
    params: PredictParams,
    frames: Frames,
) -> OpenedTrainings:
    """Return the networks of a run, and print what computes each of them.

    Args:
        name: its name.
        run: its network and options, which the weights must have.
        trainings: its trainings by name.
        params: the section `predict`.
        frames: gives what the engine `auto` is tried on, as for `nerveseg.engines.choice.choose`.

    Raises:
        InputError: as `load_averaged` and `choose`.
    """
    opened = OpenedTrainings([], {})
    for key, training in trainings.items():
        averaged = load_averaged(weights_of(name, key), run, params)
        choice = choose(averaged, params.engine, frames, params.precision)
        print(f"engine: {choice.words}")
        opened.networks.append(Trained(training.fold, choice.source))
        opened.environments[key] = choice.environment()
    return opened
