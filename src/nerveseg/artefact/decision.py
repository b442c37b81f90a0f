"""The rule that turns a map of one frame into a mask, a probability of a nerve, and a state.

A rule is meant for frames of one size, such as 420 x 580. On a frame of another size, its areas
are scaled with the number of pixels.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nerveseg.errors import InputError
from nerveseg.inference.rule import Presence, Rule, Sure
from nerveseg.inference.shape_prior import ShapePrior
from nerveseg.rle import IMAGE_SHAPE

State = Literal["nerve", "none", "unsure"]
Probability = Annotated[float, Field(ge=0, le=1)]

NERVE_PIXELS: Final = 5000
"""Area of a small nerve at 420 x 580, as in `nerveseg.evaluation.presence`."""


class DecisionRule(BaseModel):
    """From the probability of each pixel to a decision about the frame.

    A frame's *probability of a nerve* is that of `presence`, or without one the mean probability of
    its `nerve_pixels` most probable pixels. A frame is in the state

    - `nerve` if its mask is not empty and its probability of a nerve is at least `sure_nerve`;
    - `none` if its mask is empty and its probability of a nerve is at most `sure_none`;
    - `unsure` otherwise. Its mask is kept as it is.

    Attributes:
        threshold: pixels with at least this probability are inside the mask.
        min_blob: blobs with fewer pixels are removed.
        min_total: masks with fewer pixels in total are emptied.
        nerve_pixels: number of pixels that the probability of a nerve is averaged over.
        frame: height and width of the frames that the numbers of pixels are meant for.
        sure_none: see above.
        sure_nerve: see above; at least `sure_none`.
        sure: a further condition for an outline, as in `nerveseg.inference.rule.Rule`.
        presence: likewise; it also gives the probability of a nerve.
        shape: the prior by which an outline is redrawn, at any size of frame; None if it is not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    threshold: float = Field(default=0.5, gt=0, lt=1)
    min_blob: int = Field(default=1000, ge=0)
    min_total: int = Field(default=2000, ge=0)
    nerve_pixels: int = Field(default=NERVE_PIXELS, ge=1)
    frame: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = IMAGE_SHAPE
    sure_none: Probability = 0.25
    sure_nerve: Probability = 0.75
    sure: Sure | None = None
    presence: Presence | None = None
    shape: ShapePrior | None = None

    @model_validator(mode="after")
    def _states_are_apart(self) -> Self:
        if self.sure_none > self.sure_nerve:
            raise ValueError(
                f"sure_none {self.sure_none} is above sure_nerve {self.sure_nerve}; give the lower "
                "probability first"
            )
        return self

    def changed(self, **changes: object) -> Self:
        """Return the rule with other values; those that are None stay as they are.

        Raises:
            InputError: a value is impossible.
        """
        given = {key: value for key, value in changes.items() if value is not None}
        try:
            return self.model_validate(self.model_dump() | given)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "rule"
            raise InputError(f"{where}: {fault['msg'].removeprefix('Value error, ')}") from error

    def area(self, pixels: int, shape: tuple[int, int]) -> int:
        """Return how many pixels of a frame of `shape` (height, width) cover `pixels` of the rule.

        Example:
            >>> DecisionRule(frame=(420, 580)).area(1000, (840, 1160))
            4000
        """
        return round(pixels * shape[0] * shape[1] / (self.frame[0] * self.frame[1]))

    def at_frame(self) -> Rule:
        """Return the rule for maps of the size `frame`, without the states."""
        kept = self.model_dump(include={"threshold", "min_blob", "min_total"})
        return Rule(name="artefact", **kept, sure=self.sure, presence=self.presence)
