"""Section `predict`: how trained networks look at a frame."""

from typing import Literal

from pydantic import Field

from nerveseg.params.section import Section


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
