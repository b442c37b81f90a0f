"""Writing the files of the competition's layout, with the same bytes for the same content."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray


def write_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image or a mask as Kaggle does: LZW-compressed TIFF in one channel.

    Args:
        path: the TIFF.
        image: H x W uint8; a mask holds 0 and 255.
    """
    # No software tag or metadata: with them, the bytes would depend on versions of libraries.
    tifffile.imwrite(
        path, image, compression="lzw", photometric="minisblack", software=False, metadata=None
    )


def write_table(path: Path, header: tuple[str, ...], rows: Iterable[str]) -> None:
    """Write a CSV file of `rows` without quotes, below `header`."""
    path.write_text("\n".join([",".join(header), *rows, ""]), encoding="ascii", newline="\n")
