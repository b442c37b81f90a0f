"""Section `predict`: views of test-time augmentation, and what computes the maps."""

from typing import Literal, get_args

from pydantic import Field, field_validator

from nerveseg.params.section import Section
from nerveseg.params.train import MOST_BATCH

ViewName = Literal[
    "identity",
    "horizontal",
    "vertical",
    "rotate_180",
    "transpose",
    "rotate_90",
    "rotate_270",
    "anti_transpose",
]
ViewSet = Literal["auto", "none", "flips", "d4"]
ViewWeights = Literal["mean", "agreement"]
ViewChoice = ViewSet | list[ViewName]
EngineName = Literal["torch", "auto", "onnx", "openvino"]


class PredictParams(Section):
    """Prediction with test-time augmentation.

    Attributes:
        tta: the views of a frame that are averaged. `auto` takes exactly those that `train.flips`
            shows in training: 1 without flips, 2 with horizontal, 4 with horizontal and vertical,
            8 with diagonal as well. `none` is the frame as it is, `flips` has 4 views and `d4`
            all 8; both are refused if training has not seen all of them. A list names the views,
            as in `[identity, horizontal]`; if training has not seen one of them, a line of the
            log says so. The views are identity; horizontal (left and right exchanged); vertical
            (upside down); rotate_180; and, for square frames, transpose (rows and columns
            exchanged), rotate_90 and rotate_270 (counter-clockwise by so many degrees) and
            anti_transpose (rows and columns exchanged along the other diagonal).
        tta_weights: how the views are averaged. `mean` weighs them equally; `agreement` weighs
            each, frame by frame, by how well its mask agrees with those of the other views (see
            `nerveseg.inference.view_weights`).
        batch: frames per forward pass; affects memory and speed, and the results only by rounding.
        precision: as in `train`; the engine torch reads it.
        engine: what computes. `torch` gives the same maps wherever it runs on a CPU, apart from
            rounding; `onnx` and `openvino` compute in float32 on the CPU, faster on some
            processors; `auto` tries those that are installed and takes the fastest whose masks
            agree with those of torch, so another machine may take another.
    """

    tta: ViewChoice
    tta_weights: ViewWeights
    batch: int = Field(ge=1, le=MOST_BATCH)
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    engine: EngineName

    @field_validator("tta", mode="before")
    @classmethod
    def _views_are_known(cls, tta: object) -> object:
        check_views(tta)
        return tta


def check_views(tta: object) -> None:
    """Raise ValueError unless `tta` is a `ViewChoice`: a set, or a list of different views."""
    sets, views = get_args(ViewSet), get_args(ViewName)
    if isinstance(tta, list):
        known = all(view in views and tta.count(view) == 1 for view in tta) and tta != []
    else:
        known = tta in sets
    if not known:
        raise ValueError(
            f"write one of {', '.join(sets)}, or a list of different views out of "
            f"{', '.join(views)}"
        )
