"""From the body of a request to the frames of the file that it holds."""

import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from nerveseg.demo.clips import Clip
from nerveseg.errors import InputError
from nerveseg.media.sources import find_sources

MOST_BYTES: Final = 2 << 30
"""Limit on what is received; those of `nerveseg.media` apply when it is read."""

_TOO_LARGE: Final = f"more than the {MOST_BYTES:,} bytes that a file may have; cut it"


def declared_size(header: str | None) -> None:
    """Refuse a file that says that it is too large, before it is sent.

    Args:
        header: Content-Length, if given.

    Raises:
        InputError: it is too large.
    """
    if header is not None and header.isdecimal() and int(header) > MOST_BYTES:
        raise InputError(_TOO_LARGE)


async def receive(stream: AsyncIterator[bytes], folder: Path, suffix: str | None) -> Path:
    """Write what is sent to a file in `folder` and return its path.

    Args:
        stream: the content.
        folder: where to write.
        suffix: the ending of its name, by which formats of video are known; what does not look like
            one is left out.

    Raises:
        InputError: it is empty or too large.
    """
    known = suffix and re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix)
    path = folder / f"file{suffix if known else ''}"
    size = 0
    with path.open("wb") as file:
        async for chunk in stream:
            size += len(chunk)
            if size > MOST_BYTES:
                raise InputError(_TOO_LARGE)
            file.write(chunk)
    if size == 0:
        raise InputError("an empty file; choose another")
    return path


def read_clip(path: Path, stop: threading.Event) -> Clip:
    """Return the frames of a still, a DICOM file or a video.

    Args:
        path: the file.
        stop: ends the reading when it is set.

    Raises:
        InputError: it cannot be read; the message does not name `path`.
    """
    try:
        [source] = find_sources([str(path)])
        return Clip(source.frames(), stop)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the package '{error.name}' is not installed; run pip install 'nerveseg[media]'"
        ) from error
    except InputError as error:
        raise InputError(str(error).replace(f"{path}: ", "")) from error
