"""The predictor that the options of `nerveseg predict` and `nerveseg live` describe."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from nerveseg.inference.image_predictor import ImagePredictor
    from nerveseg.params.train import ViewSet


def loaded(
    model: Path,
    tta: str | None,
    *,
    threshold: float | None = None,
    min_blob: int | None = None,
    min_total: int | None = None,
    unsure: tuple[float, float] | None = None,
) -> "ImagePredictor":
    """Return the predictor of a model, with the decision rule that the options change.

    Raises:
        InputError: the model cannot be loaded, or an option is impossible.
    """
    from nerveseg.inference.image_predictor import load

    predictor = load(model, cast("ViewSet | None", tta))
    low, high = unsure or (None, None)
    predictor.rule = predictor.rule.changed(
        threshold=threshold,
        min_blob=min_blob,
        min_total=min_total,
        sure_none=low,
        sure_nerve=high,
    )
    return predictor
