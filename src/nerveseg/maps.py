"""Prediction maps on disk: uint8 codes of logits, one compressed chunk per frame.

The codes are an eighth of a logit apart: `code = clip(floor(8 * logit + 128), 0, 255)`, so
`code >= 128` means `logit >= 0`. One byte per logit preserves the pixel AUC to 1e-6; one byte per
probability changes it by up to 9e-3, because most pixels of a good map lie near 0 or 1.

blosc2 has no checksums: a flipped byte can decode to another map. The file therefore ends in the
CRC-32 of all that precedes it, which is checked before blosc2 reads anything. blosc2 ignores it.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

import blosc2
import numpy as np
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.checksum import append_checksum, fault_of
from nerveseg.errors import InputError
from nerveseg.rle import IMAGE_SHAPE

STEPS: Final = 8
"""Codes per unit of logit."""

ZERO: Final = 128
"""The code whose bin begins at logit 0."""

LEVELS: Final = 256
"""Number of codes."""


def quantise(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the codes of `logits`, same shape; they saturate below -16 and above 16.

    Raises:
        InputError: a logit is NaN.
    """
    scaled = np.floor(logits * np.float32(STEPS) + np.float32(ZERO))
    if np.isnan(scaled).any():
        raise InputError(
            "the network's output is NaN because its training diverged; "
            "train it with a lower learning rate or in fp32"
        )
    np.clip(scaled, 0, LEVELS - 1, out=scaled)
    codes: NDArray[np.uint8] = scaled.astype(np.uint8)
    return codes


def logits_of(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the logit in the middle of each code's bin, float32, same shape."""
    return (codes.astype(np.float32) - np.float32(ZERO - 0.5)) / np.float32(STEPS)


def code_of(probability: float) -> int:
    """Return the lowest code whose whole bin is at or above `probability`, 0..256.

    `codes >= code_of(p)` is the mask at threshold `p`. 256 means that no bin is high enough.

    Args:
        probability: 0..1.

    Raises:
        ValueError: `probability` is outside 0..1.
    """
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability is within 0..1, got {probability}")
    if probability in (0.0, 1.0):
        return int(probability) * LEVELS
    logit = math.log(probability) - math.log1p(-probability)
    return min(max(math.ceil(STEPS * logit + ZERO), 0), LEVELS)


class MapWriter:
    """Writes `count` maps one by one to a file that appears only when it is complete.

    Use as a context manager: `with MapWriter(path, count) as writer: writer.write(codes)`.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._file = whole_file(path)
        self._count = count
        self._written = 0

    def __enter__(self) -> "MapWriter":
        """Create the file under a temporary name."""
        self._temporary = self._file.__enter__()
        try:
            self._array = self._empty()
        except RuntimeError as error:
            self._file.__exit__(type(error), error, error.__traceback__)
            raise InputError(
                f"{self._path}: could not be created; free some disk space and run again"
            ) from error
        return self

    def _empty(self) -> blosc2.NDArray:
        return blosc2.empty(
            (self._count, *IMAGE_SHAPE),
            dtype=np.uint8,
            chunks=(1, *IMAGE_SHAPE),
            blocks=(1, *IMAGE_SHAPE),
            urlpath=str(self._temporary),
            mode="w",
            contiguous=True,
            # Bytes need no shuffling. Level 1 compresses as well as 5 in a fifth of the time.
            cparams=blosc2.CParams(
                codec=blosc2.Codec.ZSTD,
                clevel=1,
                filters=[blosc2.Filter.NOFILTER],
                filters_meta=[0],
                nthreads=1,
            ),
        )

    def write(self, codes: NDArray[np.uint8]) -> None:
        """Write the next map.

        Args:
            codes: 420 x 580 uint8.

        Raises:
            ValueError: `codes` has another shape or type, or all maps have been written.
            InputError: the disk is full.
        """
        if codes.shape != IMAGE_SHAPE or codes.dtype != np.uint8:
            raise ValueError(f"a map is uint8 {IMAGE_SHAPE}, got {codes.dtype} {codes.shape}")
        if self._written == self._count:
            raise ValueError(f"more maps than the {self._count} announced")
        try:
            self._array[self._written] = codes
        except RuntimeError as error:
            # blosc2 does not say why it could not write.
            raise InputError(
                f"{self._path}: map {self._written} could not be written; free some disk space and "
                "run again"
            ) from error
        self._written += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Move the file into place, or delete it after an error.

        Raises:
            ValueError: fewer maps were written than announced.
        """
        del self._array
        if error is None and self._written != self._count:
            error = ValueError(f"{self._written} maps written, {self._count} announced")
            self._file.__exit__(ValueError, error, None)
            raise error
        try:
            if error is None:
                append_checksum(self._temporary)
        except OSError as failure:
            self._file.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._file.__exit__(kind, error, traceback)


class FrameMaps(Protocol):
    """Maps of N frames that can be read one at a time, such as `Maps`."""

    def __len__(self) -> int:
        """Return N."""

    def __getitem__(self, index: int, /) -> NDArray[np.uint8]:
        """Return map `index`, uint8 codes."""

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the maps in order."""


class Maps:
    """The maps of one file, decompressed one at a time."""

    def __init__(self, array: blosc2.NDArray, path: Path) -> None:
        self._array = array
        self._path = path

    def __len__(self) -> int:
        """Return the number of maps."""
        return int(self._array.shape[0])

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Return map `index`, 420 x 580 uint8 codes.

        Raises:
            IndexError: there is no such map.
            InputError: the file is damaged at this map.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        try:
            return np.asarray(self._array[index], dtype=np.uint8)
        except (RuntimeError, ValueError) as error:
            raise _damaged(self._path, f"map {index} cannot be read") from error

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the maps in order."""
        return (self[index] for index in range(len(self)))


def read_maps(path: Path) -> Maps:
    """Open the maps that `MapWriter` wrote to `path`.

    Raises:
        InputError: the file is missing or damaged, or holds something other than maps.
    """
    if not path.is_file():
        raise InputError(f"{path}: not found; run the stage predict first: dvc repro")
    if fault := fault_of(path):
        raise _damaged(path, fault)
    try:
        array = blosc2.open(str(path), mode="r", dparams=blosc2.DParams(nthreads=1))
    except Exception as error:
        # blosc2 evaluates the file's metadata, which can raise many types of errors.
        raise _damaged(path, "not readable as blosc2") from error
    shape = getattr(array, "shape", ())
    if len(shape) != 1 + len(IMAGE_SHAPE) or shape[1:] != IMAGE_SHAPE or array.dtype != np.uint8:
        raise _damaged(path, f"expected uint8 maps of {IMAGE_SHAPE}")
    return Maps(array, path)


def _damaged(path: Path, what: str) -> InputError:
    return InputError(f"{path}: {what}; delete the file and run dvc repro, which writes it again")
