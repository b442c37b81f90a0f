"""Sections `models`, `train` and `predict`: the runs, and the protocol they share."""

import re
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import ConfigDict, Field, model_validator

from nerveseg.errors import InputError
from nerveseg.params.section import Section

RUN_NAME: Final = re.compile("[A-Za-z0-9_][A-Za-z0-9_-]*")
ALL_EMPTY: Final = "all_empty"
"""The row of the all-empty submission, beside the runs, in every table."""

Flip = Literal["horizontal", "vertical", "diagonal"]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TrainParams(Section):
    """The training protocol.

    Attributes:
        epochs: passes over the training frames.
        batch: frames per update, whatever the number of processes and of accumulation steps.
        accumulation: parts that a batch is computed in: less memory at the same batch (only
            batch normalisation sees the smaller part).
        learning_rate: of Adam at the start.
        power: of the polynomial decay (1 - iteration / total) ** power after every iteration.
        weight_decay: lambda of the term (lambda / 2) ||w||^2 of eq. 11.
        losses: name of each loss in `nerveseg.training.losses` -> weight.
        balance: as many frames with a nerve as without in every batch.
        flips: axes to flip at random; diagonal is the transpose and needs square frames.
        rotation: the most a frame is turned either way, in degrees.
        transforms: albumentations transforms, applied after flips and rotation.
        channels: of the networks' input; 3 repeats the grey level.
        precision: what to compute in; auto takes what is fastest on the device.
        compile: torch.compile; auto where the whole training gets shorter by it.
        seed: of the initial weights, the order of frames, the augmentation and dropout.
    """

    epochs: int = Field(ge=1)
    batch: int = Field(ge=1)
    accumulation: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    power: float = Field(ge=0)
    weight_decay: float = Field(ge=0)
    losses: dict[str, Weight] = Field(min_length=1)
    balance: bool
    flips: list[Flip]
    rotation: float = Field(ge=0, le=180)
    transforms: list[dict[str, dict[str, object]]]
    channels: Literal[1, 3]
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    compile: Literal["auto", True, False]
    seed: int = Field(ge=0)

    @model_validator(mode="after")
    def _parts_hold_frames(self) -> Self:
        if self.accumulation > self.batch:
            raise ValueError(
                f"accumulation {self.accumulation} would split a batch of {self.batch} "
                "into empty parts"
            )
        return self


class Run(NamedTuple):
    """One entry of the section `models`: a network to train, and how it is built.

    Attributes:
        network: its name in `nerveseg.models.registry`.
        options: of the network's class.
    """

    network: str
    options: dict[str, object]


class ModelsParams(Section):
    """The runs: names of your choice, each with a network and its options.

    `network` may be left out where the run is called like its network.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, object]]

    @model_validator(mode="after")
    def _names_can_name_files(self) -> Self:
        if not self.names():
            raise ValueError("no run is listed; name one, as in 'unet: {width: 8}'")
        for name in self.names():
            if not RUN_NAME.fullmatch(name) or name == ALL_EMPTY:
                raise ValueError(
                    f"'{name}' cannot name a run: its files are called like it; use letters, "
                    f"digits, '_' and '-', and not {ALL_EMPTY}"
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


class PredictParams(Section):
    """Prediction with test-time augmentation.

    Attributes:
        tta: the sides a frame is seen from: none, flips (4), or d4 (8: flips and transposes).
        batch: frames per forward pass; changes memory and speed, results only by rounding.
        precision: what to compute in; auto is bf16 where the hardware has units for it.
    """

    tta: Literal["none", "flips", "d4"]
    batch: int = Field(ge=1)
    precision: Literal["auto", "fp32", "bf16", "fp16"]
