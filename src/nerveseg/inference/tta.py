"""Test-time augmentation: the views of a frame that a prediction averages over.

A view is one of the eight symmetries of the square (the group D4). A network can be trusted with
the views that it was trained on, and with no others: depth has a direction in ultrasound, so a
network that never saw frames upside down makes nonsense of them.
"""

import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nerveseg.data.orientations import FLIPS, orientations
from nerveseg.errors import InputError
from nerveseg.models.weights import Description
from nerveseg.params.predict import ViewChoice, ViewName, check_views

LOG: Final = logging.getLogger(__name__)


class View(NamedTuple):
    """One element of the symmetry group of the square (D4), acting on the last two axes."""

    transpose: bool
    vertical: bool
    horizontal: bool

    def apply(self, images: Tensor) -> Tensor:
        """Return `images`, ... x H x W, first transposed, then flipped as this view says."""
        turned = images.transpose(-2, -1) if self.transpose else images
        axes = self._axes()
        return turned.flip(axes) if axes else turned

    def invert(self, images: Tensor) -> Tensor:
        """Undo `apply`: `view.invert(view.apply(x))` equals `x`."""
        axes = self._axes()
        turned = images.flip(axes) if axes else images
        return turned.transpose(-2, -1) if self.transpose else turned

    def _axes(self) -> list[int]:
        return [axis for axis, flip in ((-2, self.vertical), (-1, self.horizontal)) if flip]


VIEWS: Final[dict[ViewName, View]] = {
    "identity": View(False, False, False),
    "horizontal": View(False, False, True),
    "vertical": View(False, True, False),
    "rotate_180": View(False, True, True),
    "transpose": View(True, False, False),
    "rotate_90": View(True, True, False),
    "rotate_270": View(True, False, True),
    "anti_transpose": View(True, True, True),
}
"""Every view by its name; `nerveseg.params.predict.PredictParams` explains the names."""

SETS: Final[dict[str, tuple[View, ...]]] = {
    "none": tuple(VIEWS.values())[:1],
    "flips": tuple(VIEWS.values())[:4],
    "d4": tuple(VIEWS.values()),
}
"""The sets of views that have a name of their own."""


def choose_views(tta: ViewChoice, trained: Description) -> tuple[View, ...]:
    """Return the views to average over, and warn if training has not seen one of them.

    Args:
        tta: `auto` for the views that training has seen, the name of one of the `SETS`, or a list
            of names of views.
        trained: description of the weights, which records the flips of their training. Without
            that record, only the frame as it is counts as seen.

    Raises:
        InputError: `tta` is none of these, a set has a view that training has not seen, a view
            transposes frames that are not square, or the recorded flips are unknown.

    Example:
        >>> from nerveseg.models.weights import Description
        >>> trained = Description("unet", {}, 1, (96, 96), {"flips": ["horizontal"]})
        >>> len(choose_views("auto", trained))  # the frame as it is, and flipped
        2
    """
    try:
        check_views(tta)
    except ValueError as error:
        raise InputError(str(error)) from error
    flips = trained.training.get("flips")
    if flips is None and tta == "auto":
        LOG.warning("warning: the weights record no train.flips; predicting frames as they are")
    seen = _seen(flips)
    if isinstance(tta, list):
        chosen = tuple(VIEWS[name] for name in tta)
    else:
        chosen = seen if tta == "auto" else SETS[tta]
    _check_square(chosen, trained.image_size)
    unseen = names_of(view for view in chosen if view not in seen)
    if unseen and not isinstance(tta, list):
        raise InputError(
            f"{tta} has views that the network was not trained on: {unseen} ({_recorded(flips)}); "
            "write auto to average over the views of training, or list the views by their names"
        )
    if unseen:
        LOG.warning(
            "warning: test-time augmentation with views that the network was not trained on: "
            "%s (%s); they usually make predictions much worse",
            unseen,
            _recorded(flips),
        )
    return chosen


def names_of(views: Iterable[View]) -> str:
    """Return the names of `views`, separated by commas."""
    names = {view: name for name, view in VIEWS.items()}
    return ", ".join(names[view] for view in views)


def _seen(flips: object) -> tuple[View, ...]:
    """Return the views that training with `flips` draws from, in the order of `VIEWS`."""
    if flips is None:
        return SETS["none"]
    if not isinstance(flips, list) or not set(flips) <= FLIPS.keys():
        raise InputError(
            f"the weights were trained with the flips {flips!r}, which this version does not know; "
            "train the network again"
        )
    drawn = {turn.tobytes() for turn in orientations(flips)}
    return tuple(view for view in SETS["d4"] if _matrix(view).tobytes() in drawn)


def _matrix(view: View) -> NDArray[np.int64]:
    """Return the matrix of `view` in the convention of `orientations`."""
    turn = np.eye(2, dtype=np.int64)
    for flip, applied in zip(("horizontal", "vertical", "diagonal"), reversed(view), strict=True):
        turn = FLIPS[flip] @ turn if applied else turn
    return turn


def _check_square(views: Iterable[View], size: tuple[int, int]) -> None:
    turned = names_of(view for view in views if view.transpose)
    if turned and size[0] != size[1]:
        raise InputError(
            f"the transposing views {turned} need square frames, and the network was trained on "
            f"frames of {list(size)}; leave these views out"
        )


def _recorded(flips: object) -> str:
    return "its weights record no flips" if flips is None else f"its train.flips: {flips}"
