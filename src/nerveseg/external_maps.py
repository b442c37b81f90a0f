"""Maps of networks that were trained elsewhere: external/NAME, a member of ensembles.

Such a folder holds valid.b2nd and test.b2nd, and valid.csv and test.csv, which list the frames of
the maps. After a change of the split, as many maps may belong to other frames, and some of them to
frames that the network was trained on: the lists tell.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.errors import InputError
from nerveseg.maps import read_maps
from nerveseg.params.ensembles import is_external

TABLES: Final[Mapping[str, tuple[str, ...]]] = {"valid": ("subject", "img"), "test": ("img",)}
"""The columns of valid.csv and test.csv."""
_REMEDY: Final = "write it by nerveseg nnunet import"


class Frames(NamedTuple):
    """The frames of the maps, in their order.

    Attributes:
        valid: subject and img of each validation frame.
        test: img of each test frame.
    """

    valid: Sequence[tuple[int, ...]]
    test: Sequence[tuple[int, ...]]


def read_frames(folder: Path) -> Frames:
    """Return the frames of an external member, of which each has a map.

    Raises:
        InputError: a file is missing or malformed, or there are more or fewer maps than frames.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not found; {_REMEDY}")
    frames = Frames(*(_read(folder / f"{part}.csv", header) for part, header in TABLES.items()))
    for part, listed in zip(TABLES, frames, strict=True):
        path = folder / f"{part}.b2nd"
        if not path.is_file():
            raise InputError(f"{path}: not found; {_REMEDY}")
        if (count := len(read_maps(path))) != len(listed):
            raise InputError(
                f"{path}: {count} maps, and {len(listed)} frames in {part}.csv; {_REMEDY}"
            )
    return frames


def folders_of(members: Sequence[str], predictions: Path, frames: Frames) -> dict[str, Path]:
    """Return the folder with the maps of each member of an ensemble.

    Args:
        members: runs, and external members such as external/nnunet.
        predictions: the folder of the runs' maps.
        frames: the frames whose maps are averaged.

    Raises:
        InputError: an external member is missing or malformed, or has the maps of other frames.
    """
    for member in filter(is_external, members):
        for part, mine, theirs in zip(TABLES, frames, read_frames(Path(member)), strict=True):
            if mine != theirs:
                raise InputError(
                    f"{member}/{part}.csv: not the {part} frames of the split, which has changed; "
                    "train it with this split, remove the folder, and import it again"
                )
    return {each: Path(each) if is_external(each) else predictions / each for each in members}


def _read(path: Path, header: tuple[str, ...]) -> list[tuple[int, ...]]:
    return [
        tuple(parse_int(text, str(path), line) for text in fields)
        for line, fields in file_rows(path, header)
    ]
