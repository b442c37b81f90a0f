"""Test-time augmentation: flips and transposes of a frame, and their inverses."""

from typing import Final, Literal, NamedTuple

from torch import Tensor


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


Augmentation = Literal["none", "flips", "d4"]

_FLIPS: Final = tuple(View(False, v, h) for v in (False, True) for h in (False, True))
VIEWS: Final[dict[Augmentation, tuple[View, ...]]] = {
    "none": _FLIPS[:1],
    "flips": _FLIPS,
    "d4": _FLIPS + tuple(View(True, v, h) for _, v, h in _FLIPS),
}
