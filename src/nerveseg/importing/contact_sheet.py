"""The contact sheet of an import: frames as the networks will see them, with their masks."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nerveseg.data.archive import decode_image
from nerveseg.data.outlined_frames import sheet, tile
from nerveseg.image_writer import write_image
from nerveseg.importing.numbering import Contents, Numbered
from nerveseg.importing.writer import mask_of

_COLUMNS: Final = 4
_TILES: Final = 24
_LONGEST: Final = 16


def write_sheet(path: Path, contents: Contents) -> None:
    """Write up to 24 frames of different subjects, outlined and captioned, as one PNG.

    Args:
        path: the PNG.
        contents: the frames, whose files have not been moved yet.
    """
    chosen = _chosen([*contents.train, *contents.test])
    tiles = [_tile(each, contents) for each in chosen]
    write_image(path, sheet(tiles, _COLUMNS))


def _chosen(frames: list[Numbered]) -> list[Numbered]:
    """Return frames at even distances: first of all subjects, then of all frames."""
    by_subject = {each.subject: each for each in reversed(frames)}
    # Of each subject, rather a frame that shows something to look at.
    by_subject |= {each.subject: each for each in reversed(frames) if each.frame.pixels}
    firsts = [by_subject[subject] for subject in sorted(by_subject)]
    spread = _spread(firsts, _TILES)
    others = [each for each in frames if each not in spread]
    return spread + _spread(others, _TILES - len(spread))


def _spread(frames: list[Numbered], count: int) -> list[Numbered]:
    count = min(count, len(frames))
    return [frames[index * len(frames) // count] for index in range(count)]


def _tile(each: Numbered, contents: Contents) -> NDArray[np.uint8]:
    image = decode_image(each.frame.file.read_bytes(), each.frame.source.name)
    name = each.frame.source.subject
    short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 2]}.."
    return tile(image, mask_of(each), f"subject {each.subject} ({short}), {_what(each, contents)}")


def _what(each: Numbered, contents: Contents) -> str:
    part = "test" if each in contents.test else "train"
    if each.frame.pixels is None:
        return f"{part}, mask unknown"
    return part if each.frame.pixels else f"{part}, empty"
