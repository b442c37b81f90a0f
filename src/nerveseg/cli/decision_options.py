"""Options of `nerveseg predict`, `live` and `demo`: how a model computes, and how it decides."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar, cast

import click

from nerveseg.cli.finite_range import FiniteRange

if TYPE_CHECKING:
    from nerveseg.bedside.image_predictor import ImagePredictor
    from nerveseg.params.predict import EngineName, ViewSet

Command = TypeVar("Command", bound=Callable[..., Any])

_PROBABILITY: Final = FiniteRange(0, 1)
_OPTIONS: Final = (
    click.option("--threshold", type=_PROBABILITY, help="Lowest probability of a pixel inside."),
    click.option("--min-blob", type=int, help="Remove blobs of fewer pixels (at 420 x 580)."),
    click.option("--min-total", type=int, help="Empty masks of fewer pixels (at 420 x 580)."),
    click.option(
        "--unsure",
        type=(_PROBABILITY, _PROBABILITY),
        metavar="LOW HIGH",
        help="Frames between these probabilities of a nerve are unsure.",
    ),
)


class DecisionOptions(TypedDict):
    """Values of the options; None for what the model says."""

    threshold: float | None
    min_blob: int | None
    min_total: int | None
    unsure: tuple[float, float] | None


def decision_options(command: Command) -> Command:
    """Add the options of `DecisionOptions` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


engine_option: Final = click.option(
    "--engine",
    type=click.Choice(["torch", "auto", "onnx", "openvino"]),
    default="torch",
    show_default=True,
    help="What computes the network; auto finds the fastest here that agrees with torch.",
)


def load_deciding(
    model: Path, tta: str | None, engine: str, options: DecisionOptions
) -> "ImagePredictor":
    """Return the predictor of a model, with the decision rule that the options change.

    Raises:
        InputError: the model cannot be loaded, or an option is impossible.
    """
    from nerveseg.bedside.image_predictor import load

    predictor = load(model, cast("ViewSet | None", tta), engine=cast("EngineName", engine))
    low, high = options["unsure"] or (None, None)
    predictor.rule = predictor.rule.changed(
        threshold=options["threshold"],
        min_blob=options["min_blob"],
        min_total=options["min_total"],
        sure_none=low,
        sure_nerve=high,
    )
    return predictor
