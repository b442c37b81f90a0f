"""What a profile costs on a GPU, counted on a CPU: updates, validation, prediction of each run.

Arithmetic and memory traffic of every operation are counted in bfloat16, as in
`benchmarks.roofline`. A GPU of given speeds needs at least the time of the larger of the two for
each operation. The frames have an eighth of the profile's height and width; what grows with their
number is taken to grow with the pixels, and the rest, such as the optimiser's traffic, not to grow.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from benchmarks.hours.shapes_only import ShapesOnly
from benchmarks.roofline import Ceilings, Tally
from benchmarks.steps import RATE, batch_of, engine_of
from benchmarks.traffic import CudaCasts
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.inference.folding import folded
from nerveseg.inference.predict import Predictor
from nerveseg.inference.tta import View, choose_views
from nerveseg.models.factory import build
from nerveseg.models.weights import Description
from nerveseg.params.data import PackParams, SplitParams
from nerveseg.params.predict import PredictParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, Run, TrainParams
from nerveseg.params.trainings import TrainingsParams
from nerveseg.training.distributed import World
from nerveseg.training.job import VALIDATION_BATCHES
from nerveseg.training.validation import validate

CPU: Final = torch.device("cpu")
SMALLER: Final = 8
"""How many times smaller height and width of the counted frames are than the profile's."""
FEW, MANY = 2, 4
Work = Callable[[Batch], None]


class Frames(NamedTuple):
    """Numbers of frames of a competition.

    Attributes:
        train: training frames, all folds together.
        test: test frames.
    """

    train: int
    test: int


class Plan(NamedTuple):
    """What a profile does with every run.

    Attributes:
        shape: (height, width) of the packed frames.
        trainings: trainings of a run.
        train: the protocol.
        steps: updates of an epoch.
        validations: validations of one training.
        valid: validation frames of one training.
        predicted: frames that the networks of a run predict, all of them together.
        maps: maps of a run.
        views: views of each of them.
        batch: frames that are predicted at once.
    """

    shape: tuple[int, int]
    trainings: int
    train: TrainParams
    steps: int
    validations: int
    valid: int
    predicted: int
    maps: int
    views: tuple[View, ...]
    batch: int


class Estimate(NamedTuple):
    """The least time of one run on the GPU, at the roof.

    Attributes:
        run: its name.
        updates: of all its trainings.
        update: seconds of one of them.
        training: seconds of all of them.
        validation: seconds of all validations of its trainings.
        prediction: seconds of all passes of its prediction.
    """

    run: str
    updates: int
    update: float
    training: float
    validation: float
    prediction: float

    @property
    def share(self) -> float:
        """Time of the validations as a share of the training's, 0 to 1."""
        return self.validation / self.training


def plan_of(params: Path, frames: Frames) -> Plan:
    """Return what the file `params` does with every run on so many frames."""
    train, split = read("train", TrainParams, params), read("split", SplitParams, params)
    predict, shape = read("predict", PredictParams, params), read("pack", PackParams, params).shape
    further = read("trainings", TrainingsParams, params)
    trainings, valid = 1 + len(further.names()), frames.train // split.folds
    described = Description("", {}, train.channels, shape, {"flips": list(train.flips)})
    return Plan(
        shape=shape,
        trainings=trainings,
        train=train,
        steps=-(-(frames.train - valid) // train.batch),
        validations=sum(train.validates(epoch) for epoch in range(train.epochs)),
        valid=valid,
        predicted=trainings * (valid + frames.test),
        maps=len(further.folds(split.fold)) * valid + frames.test,
        views=choose_views(predict.tta, described),
        batch=predict.batch,
    )


def estimates(params: Path, plan: Plan, ceilings: Ceilings) -> Iterator[Estimate]:
    """Yield what each run of a file of parameters needs.

    Args:
        params: the file.
        plan: what it does with every run.
        ceilings: the speeds of the GPU.
    """
    for name, run in read("models", ModelsParams, params).runs().items():
        yield estimate(name, run, plan, ceilings)


def estimate(name: str, run: Run, plan: Plan, ceilings: Ceilings) -> Estimate:
    """Return what one run needs.

    Args:
        name: its name.
        run: its network and options.
        plan: what is done with it.
        ceilings: the speeds of the GPU.
    """
    train = plan.train
    # The weights' values do not matter, and pretrained ones may not be at hand.
    options = {key: "none" if key == "encoder_weights" else run.options[key] for key in run.options}
    network = build(run.network, train.channels, **options)
    small = (plan.shape[0] // SMALLER, plan.shape[1] // SMALLER)

    def seconds(kind: Callable[[nn.Module, Plan], Work], frames: int, at_once: int) -> float:
        """Return the least time of so many frames, of which `at_once` go together."""
        work = kind(network, plan)
        with ShapesOnly():  # the first update makes the optimiser's moments
            work(batch_of(FEW, small))
        few, many = (_roof(work, batch_of(count, small), ceilings) for count in (FEW, MANY))
        of_a_frame = (many - few) / (MANY - FEW)
        of_a_pass = few - FEW * of_a_frame
        return -(-frames // at_once) * of_a_pass + frames * SMALLER**2 * of_a_frame

    updates = plan.trainings * train.epochs * plan.steps
    one = seconds(update, train.batch, train.batch)
    together = max(1, VALIDATION_BATCHES * train.batch // train.accumulation)
    validated = seconds(validation, plan.valid, together)
    return Estimate(
        run=name,
        updates=updates,
        update=one,
        training=updates * one,
        validation=plan.trainings * plan.validations * validated,
        # One view after another: each costs as much as the frame as it is.
        prediction=len(plan.views) * seconds(prediction, plan.predicted, plan.batch),
    )


def update(network: nn.Module, plan: Plan) -> Work:
    """Return an update of the weights, as the training loop makes it."""

    def work(batch: Batch) -> None:
        engine.train_step([batch], RATE)

    engine = engine_of(network, CPU, torch.bfloat16, MANY, compiled=False)
    return work


def validation(network: nn.Module, plan: Plan) -> Work:
    """Return one pass of the validation."""

    def work(batch: Batch) -> None:
        frames = len(batch.images)
        validate(
            network,
            batch.images.numpy(),
            batch.masks.numpy(),
            np.arange(frames),
            channels=plan.train.channels,
            batch=frames,
            dtype=torch.bfloat16,
            world=World(0, 1, CPU),
        )

    return work


def prediction(network: nn.Module, plan: Plan) -> Work:
    """Return one pass of the prediction, of one view."""

    def work(batch: Batch) -> None:
        predictor.logits(batch.images.numpy())

    channels, view = plan.train.channels, plan.views[:1]
    small = torch.zeros(1, channels, plan.shape[0] // SMALLER, plan.shape[1] // SMALLER)
    fast = folded(network, small)  # as on a GPU
    predictor = Predictor(fast, channels, view, device=CPU, dtype=torch.bfloat16)
    return work


def _roof(work: Work, batch: Batch, ceilings: Ceilings) -> float:
    """Return the least seconds of some work on a batch."""
    with CudaCasts(), Tally(ceilings) as tally, ShapesOnly():
        work(batch)
    return tally.seconds
