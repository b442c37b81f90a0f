"""Sections `train` and `models`: the protocol, the same for every network, and the networks."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from nerveseg.params.section import Section

Flip = Literal["horizontal", "vertical", "diagonal"]


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
        balance: as many frames with a nerve as without in every batch.
        flips: axes to flip at random; diagonal is the transpose and needs square frames.
        rotation: the most a frame is turned either way, in degrees.
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
    balance: bool
    flips: list[Flip]
    rotation: float = Field(ge=0, le=180)
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


class ModelsParams(Section):
    """The networks to train, each with the options that its module takes."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, object]]

    def options(self, network: str) -> dict[str, object]:
        """Return the options of `network`; none are given for one that is not listed."""
        return (self.__pydantic_extra__ or {}).get(network, {})
