"""The way from an image of any size to the 420 x 580 of a frame, and back."""

import csv
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.csv_reader import file_rows, parse_int
from nerveseg.data.packed_writer import resize_image, resize_mask
from nerveseg.errors import InputError
from nerveseg.rle import IMAGE_SHAPE

Fit = Literal["letterbox", "stretch"]
"""letterbox keeps the proportions and adds black borders; stretch changes them and adds none."""

HEADER: Final = (
    "set", "subject", "img", "file", "frame",
    "height", "width", "top", "left", "inner_height", "inner_width",
)  # fmt: skip
"""Columns of geometry.csv: one row for each frame of the archive."""

SETS: Final = ("train", "test")


class Geometry(NamedTuple):
    """Where an image lies in its frame. All values are pixels.

    Attributes:
        height: height of the original image.
        width: width of the original image.
        top: first row of the frame that shows the image.
        left: first column of the frame that shows the image.
        inner_height: number of rows that show it.
        inner_width: number of columns that show it.
    """

    height: int
    width: int
    top: int
    left: int
    inner_height: int
    inner_width: int

    @classmethod
    def of(cls, shape: tuple[int, int], fit: Fit) -> "Geometry":
        """Return where an image of `shape` (height, width) lies in its frame."""
        height, width = shape
        rows, columns = IMAGE_SHAPE
        if fit == "stretch":
            return cls(height, width, 0, 0, rows, columns)
        scale = min(rows / height, columns / width)
        inner_height = min(max(round(height * scale), 1), rows)
        inner_width = min(max(round(width * scale), 1), columns)
        top, left = (rows - inner_height) // 2, (columns - inner_width) // 2
        return cls(height, width, top, left, inner_height, inner_width)

    def image_to_frame(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `image`, height x width uint8, as a frame of 420 x 580; borders are black."""
        return self._framed(resize_image(image, (self.inner_height, self.inner_width)))

    def mask_to_frame(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return `mask`, height x width uint8 {0, 1}, as a mask of 420 x 580."""
        return self._framed(resize_mask(mask, (self.inner_height, self.inner_width)))

    def mask_to_original(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a mask of a frame as a mask of the original image.

        Args:
            mask: 420 x 580 uint8 {0, 1}. What lies in the borders is dropped.

        Returns:
            height x width uint8 {0, 1}.

        Raises:
            ValueError: `mask` has another shape.
        """
        if mask.shape != IMAGE_SHAPE:
            raise ValueError(f"a mask of a frame is {IMAGE_SHAPE}, got {mask.shape}")
        inner = mask[self._window()]
        return resize_mask(np.ascontiguousarray(inner), (self.height, self.width))

    def _framed(self, inner: NDArray[np.uint8]) -> NDArray[np.uint8]:
        frame = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
        frame[self._window()] = inner
        return frame

    def _window(self) -> tuple[slice, slice]:
        return (
            slice(self.top, self.top + self.inner_height),
            slice(self.left, self.left + self.inner_width),
        )


class Origin(NamedTuple):
    """One row of geometry.csv: where a frame of the archive comes from.

    Attributes:
        file: path of the image, relative to the imported folder.
        frame: index within a video or a DICOM file of several frames, from 0; 0 for a still.
        geometry: where the image lies in the frame.
    """

    file: str
    frame: int
    geometry: Geometry


Key = tuple[str, int, int]
"""A frame of the archive: train or test, number of the subject, number of the image."""


def write_geometry(path: Path, origins: dict[Key, Origin]) -> None:
    """Write geometry.csv."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for key, (name, frame, geometry) in origins.items():
            writer.writerow((*key, name, frame, *geometry))


def read_geometry(path: Path) -> dict[Key, Origin]:
    """Return where each frame of an imported archive comes from.

    Keys are ('train', subject, img) and ('test', subject, img); the image test/7.tif has img 7,
    whatever its subject.

    Raises:
        InputError: the table is unreadable or malformed.
    """
    origins: dict[Key, Origin] = {}
    for line, fields in file_rows(path, HEADER):
        name, file = fields[0], fields[3]
        subject, img, frame, *places = (
            parse_int(text, str(path), line) for text in (*fields[1:3], *fields[4:])
        )
        geometry = Geometry(*places)
        if name not in SETS or not _fits(geometry):
            raise InputError(f"{path}: line {line}: not a row that nerveseg import wrote")
        origins[name, subject, img] = Origin(file, frame, geometry)
    return origins


def _fits(geometry: Geometry) -> bool:
    rows, columns = IMAGE_SHAPE
    return (
        min(geometry.height, geometry.width, geometry.inner_height, geometry.inner_width) > 0
        and geometry.top + geometry.inner_height <= rows
        and geometry.left + geometry.inner_width <= columns
    )
