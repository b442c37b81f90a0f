"""nnU-Net's probabilities become maps of external/NAME.

`nnUNetv2_train --npz` and `nnUNetv2_predict --save_probabilities` write CASE.npz with the array
`probabilities`, classes x 1 x H x W.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from nerveseg.atomic import whole_files
from nerveseg.data.zip_limits import check_entry
from nerveseg.errors import InputError
from nerveseg.external_maps import TABLES, Frames
from nerveseg.maps import MapWriter, quantise
from nerveseg.nnunet.export import test_case, train_case
from nerveseg.rle import IMAGE_SHAPE

SHAPE: Final = (2, 1, *IMAGE_SHAPE)
_ENTRY: Final = "probabilities.npy"
_MOST_BYTES: Final = 16 << 20
_TOLERANCE: Final = 0.01


def import_predictions(folders: Sequence[Path], frames: Frames, out: Path) -> None:
    """Write the maps of all validation and test frames to the new folder `out`.

    Args:
        folders: where the files .npz lie, such as fold_0/validation and the predictions.
        frames: the validation and test frames.
        out: external/NAME.

    Raises:
        InputError: `out` is there already; a frame is missing or surplus, has another size, or its
            file is damaged; nothing is written.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; choose another name, or remove it")
    cases = {
        "valid": [train_case(*key) for key in frames.valid],
        "test": [test_case(*key) for key in frames.test],
    }
    found = _files(folders, {name for names in cases.values() for name in names})
    with whole_files(out) as new:
        for part, names in cases.items():
            with MapWriter(new / f"{part}.b2nd", len(names)) as writer:
                for name in tqdm(names, f"import {part}", unit="frame", disable=None):
                    writer.write(read_codes(found[name]))
            _write_table(new / f"{part}.csv", TABLES[part], getattr(frames, part))


def read_codes(path: Path) -> NDArray[np.uint8]:
    """Return the map in a file of probabilities, 420 x 580 uint8 codes of `nerveseg.maps`.

    Raises:
        InputError: the file is damaged, has another shape, or holds no probabilities.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(_ENTRY)
            check_entry(info, _MOST_BYTES, str(path))
            content = io.BytesIO(archive.read(info))
        array = np.lib.format.read_array(content, allow_pickle=False)
    except InputError:
        raise
    except Exception as error:
        # zipfile and numpy raise many types of errors for damaged files.
        raise InputError(
            f"{path}: no readable array 'probabilities' ({error}); predict this frame again"
        ) from error
    if array.shape != SHAPE or array.dtype.kind != "f":
        raise InputError(
            f"{path}: {array.dtype} of shape {array.shape}, expected probabilities of shape {SHAPE}"
            "; predict the frames that nerveseg nnunet export wrote"
        )
    background, nerve = array[:, 0].astype(np.float32)
    # False for NaN as well.
    if not (np.abs(background + nerve - 1) <= _TOLERANCE).all() or array.min() < 0:
        raise InputError(f"{path}: its two classes do not add up to 1; predict this frame again")
    # From both classes: half precision is fine near 0, but not near 1.
    with np.errstate(divide="ignore"):
        return quantise(np.log(nerve) - np.log(background))


def _files(folders: Sequence[Path], wanted: set[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; name one with nnU-Net's files .npz")
        for file in sorted(folder.glob("*.npz")):
            if file.stem in found:
                raise InputError(f"{file}: {found[file.stem]} is the same frame; name one folder")
            found[file.stem] = file
    where = ", ".join(map(str, folders))
    _refuse(set(found) - wanted, where, "neither a validation nor a test frame of the split")
    _refuse(wanted - set(found), where, "missing")
    return found


def _refuse(names: set[str], where: str, fault: str) -> None:
    if names:
        first, *others = sorted(names)
        more = f" (and {len(others)} more)" if others else ""
        raise InputError(
            f"{where}: {first}.npz{more}: {fault}; name the folder validation of every "
            "judged fold, and that of the predicted test frames"
        )


def _write_table(path: Path, header: Sequence[str], rows: Sequence[tuple[int, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
