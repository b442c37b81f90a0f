"""Pictures as files that are complete or absent."""

from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from nerveseg.atomic import whole_file


def write_image(path: Path, pixels: NDArray[Any]) -> None:
    """Write a picture in the format that the suffix of `path` names.

    Args:
        path: a .png, .jpg or .webp.
        pixels: H x W or H x W x 3 (blue, green, red), uint8.

    Raises:
        OSError: it cannot be written; no file is left.
    """
    # cv2.imwrite only returns False on a full disk, and crashes on a name that is not UTF-8.
    _, content = cv2.imencode(path.suffix.lower(), pixels)
    with whole_file(path) as temporary:
        temporary.write_bytes(content.tobytes())
