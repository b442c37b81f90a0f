"""Sections `models` and `train`: the runs, and the protocol they share."""

import re
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from nerveseg.errors import InputError
from nerveseg.params.section import Section

RUN_NAME: Final = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]*")
ALL_EMPTY: Final = "all_empty"
CONSTANT_MASK: Final = "constant_mask"
BASELINES: Final = (ALL_EMPTY, CONSTANT_MASK)
"""Names of the all-empty submission and of the best constant mask, which have rows beside the runs
in the tables of scores."""
MOST_BATCH: Final = 65_536

Flip = Literal["horizontal", "vertical", "diagonal"]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class TrainParams(Section):
    """The training protocol.

    Attributes:
        epochs: passes over the training frames.
        batch: frames per update, summed over all processes and micro-batches.
        accumulation: number of micro-batches per process and batch. More of them need less memory
            and leave the gradient unchanged, except that batch normalisation and the sums of a Dice
            loss over the batch see fewer frames.
        optimizer: adam; or adamw, which decays the weights apart from the gradient.
        initial_weights: path of the weights to begin with, from an earlier training of the same
            network, in which {run} stands for the name of the run; null for new weights.
        pseudo_labels: folder that `nerveseg pseudo-label` wrote, whose test frames train as well;
            null for none.
        learning_rate: learning rate after the warm-up, from which it decays.
        schedule: how it decays: poly, (1 - iteration / total) ** power, or cosine.
        power: exponent of the polynomial decay.
        warmup: epochs over which the rate first rises, in equal steps.
        weight_decay: lambda of the term (lambda / 2) ||w||^2 in eq. 11 of the paper; with adamw,
            the fraction of the weights, times the rate, that every update takes off.
        ema: decay of the moving average of the weights, which validates and is saved; 0 for none.
        average_last: number of last epochs whose weights are averaged instead; 0 for none.
        presence_head: weight of an auxiliary head on whether a frame shows a nerve; 0 for none.
        half_size: number of first epochs on frames of half height and width.
        validate_every: epochs from one validation to the next; the last epoch always validates.
        losses: name of each loss in `nerveseg.training.losses` -> weight; 0 leaves out the loss.
        dice_over: whether the sums of the Dice loss are over each frame, or over the batch.
        dice_smoothing: added above and below the fraction of the Dice loss, in pixels.
        heads: how the losses of several outputs are combined under deep supervision.
        soft_outline: pixels of the packed frame on either side of the outline in which the target
            falls from 1 to 0; 0 leaves the masks as they are.
        balance: whether every batch has as many frames with a nerve as without; or two shares
            of frames with a nerve, between which it moves from the first epoch to the last.
        flips: axes to flip at random; diagonal is the transpose and needs square frames.
        rotation: largest angle of the random rotation in either direction, in degrees.
        scale: strength of the random zoom, from 1 / (1 + scale) to 1 + scale times.
        shift: largest random shift in any direction, as a fraction of the frame's height and width.
        intensity: strength of the random contrast, brightness and gamma; 0 leaves the grey levels
            as they are (see `nerveseg.data.random_warp.Strengths`).
        transforms: albumentations transforms, applied after all of these.
        channels: channels of the networks' input; 3 repeats the grey level.
        precision: type to compute in. fp32 gives nearly the same result on every processor; auto
            is the fastest type of the device.
        deterministic: use only algorithms that give the same bits each time. On a CPU this is
            always so; on a GPU it costs speed.
        recompute: whether the backward pass computes activations again instead of keeping them
            (activation checkpointing): about half the memory, the same gradients, more time.
        compile: whether to use torch.compile; auto does where an estimate says that it shortens
            the whole training (`nerveseg.training.compile_choice`).
        seed: seed of the initial weights, the order of frames, the augmentation and dropout.
    """

    epochs: int = Field(ge=1)
    batch: int = Field(ge=1, le=MOST_BATCH)
    accumulation: int = Field(ge=1)
    optimizer: Literal["adam", "adamw"]
    initial_weights: str | None
    pseudo_labels: str | None
    learning_rate: float = Field(gt=0)
    schedule: Literal["poly", "cosine"]
    power: float = Field(ge=0)
    warmup: int = Field(ge=0)
    weight_decay: float = Field(ge=0)
    ema: float = Field(ge=0, lt=1)
    average_last: int = Field(ge=0)
    presence_head: Weight
    half_size: int = Field(ge=0)
    validate_every: int = Field(ge=1)
    losses: dict[str, Weight]
    dice_over: Literal["frame", "batch"]
    dice_smoothing: float = Field(ge=0, allow_inf_nan=False)
    heads: Literal["mean", "sum"]
    soft_outline: int = Field(ge=0, le=64)
    balance: bool | Annotated[tuple[Share, Share], Field(strict=False)]
    flips: list[Flip]
    rotation: float = Field(ge=0, le=180)
    scale: float = Field(ge=0, le=1)
    shift: float = Field(ge=0, le=1)
    intensity: float = Field(ge=0, le=1)
    transforms: list[dict[str, dict[str, object]]]
    channels: Literal[1, 3]
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    deterministic: bool
    recompute: bool
    compile: Literal["auto", True, False]
    seed: int = Field(ge=0, lt=1 << 63)

    @field_validator("losses")
    @classmethod
    def _something_is_minimised(cls, losses: dict[str, float]) -> dict[str, float]:
        if not any(losses.values()):
            raise ValueError("every weight is 0; give at least one loss a positive weight")
        return losses

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        accumulation, epochs = self.accumulation, self.epochs
        faults = {
            f"accumulation {accumulation} would split a batch of {self.batch} into empty parts": (
                accumulation > self.batch
            ),
            f"warmup {self.warmup} leaves none of {epochs} epochs for the decay": (
                self.warmup >= epochs
            ),
            f"average_last {self.average_last} is more than the {epochs} epochs; lower it": (
                self.average_last > epochs
            ),
            f"half_size {self.half_size} leaves none of {epochs} epochs at the full size": (
                self.half_size >= epochs
            ),
            "compile true and recompute true do not go together; set one of them to false": (
                self.compile is True and self.recompute
            ),
            "ema and average_last are two averages of the weights; set one of them to 0": (
                self.ema > 0 and self.average_last > 0
            ),
        }
        if found := [fault for fault, present in faults.items() if present]:
            raise ValueError(found[0])
        return self

    def validates(self, epoch: int) -> bool:
        """Return whether the weights are validated after `epoch`, from 0."""
        return (epoch + 1) % self.validate_every == 0 or epoch + 1 == self.epochs


class Run(NamedTuple):
    """One entry of the section `models`: a network to train, and how it is built.

    Attributes:
        network: name of the network in `nerveseg.models.registry`.
        options: keyword arguments of the network's class.
    """

    network: str
    options: dict[str, object]


class ModelsParams(Section):
    """The runs: a name of your choice for each, with its network and options.

    `network` may be left out if the run has the name of its network.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, object]]

    @model_validator(mode="after")
    def _names_can_name_files(self) -> Self:
        if not self.names():
            raise ValueError("no run is listed; name one, as in 'unet: {width: 8}'")
        for name in self.names():
            if not RUN_NAME.fullmatch(name) or name in BASELINES:
                raise ValueError(
                    f"'{name}' cannot name a run: its files are called like it; use letters, "
                    f"digits, '_' and '-', and neither {ALL_EMPTY} nor {CONSTANT_MASK}"
                )
            if "in_channels" in (self.__pydantic_extra__ or {})[name]:
                raise ValueError(
                    f"{name}: in_channels is not an option of a run; set train.channels, which "
                    "holds for all runs"
                )
        return self

    def names(self) -> list[str]:
        """Return the names of the runs, in the order of the file."""
        return list(self.__pydantic_extra__ or {})

    def run(self, name: str) -> Run:
        """Return the run called `name`.

        Raises:
            InputError: it is not listed.
        """
        if name not in self.names():
            listed = ", ".join(self.names())
            raise InputError(f"params.yaml: models.{name}: no such run; there are {listed}")
        options = dict(self.__pydantic_extra__[name])
        return Run(str(options.pop("network", name)), options)

    def runs(self) -> dict[str, Run]:
        """Return all runs by their names, in the order of the file."""
        return {name: self.run(name) for name in self.names()}
