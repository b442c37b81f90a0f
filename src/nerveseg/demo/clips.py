"""The frames of the files that were dropped on the page, in files without a name.

The system frees such a file when the process ends, however it ends.
"""

import os
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import IO, Final, NamedTuple

import numpy as np

from nerveseg.bedside.overlay import without_margins
from nerveseg.errors import InputError
from nerveseg.media.frame import Frame

MOST_FRAMES: Final = 10_000
MOST_STORED: Final = 2 << 30
"""Limit on the bytes of the frames of one file; a pixel is one byte. Later frames are left out."""

_KEPT: Final = 4  # files, of which each open page shows one


class _Place(NamedTuple):
    at: int  # byte of the file where the pixels start
    frame: Frame  # with a view of one pixel in place of the image
    shape: tuple[int, int]


class Clip:
    """The frames of one still, cine loop or video, outside of their region black.

    Args:
        frames: what to store, at least one; the iterator is read to its end or the limits.
        stop: ends the reading with an InputError when it is set.

    Attributes:
        complete: whether all frames are within the limits.
    """

    def __init__(self, frames: Iterable[Frame], stop: threading.Event) -> None:
        self.complete = True
        self._places: list[_Place] = []
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        try:
            self._store(frames, stop)
        except BaseException:
            self.close()
            raise

    def _store(self, frames: Iterable[Frame], stop: threading.Event) -> None:
        at = 0
        for frame in frames:
            if stop.is_set():
                raise InputError("the demo has ended; start it again")
            image = without_margins(frame)
            if len(self._places) == MOST_FRAMES or at + image.size > MOST_STORED:
                self.complete = False
                break
            self._file.write(image.tobytes())
            place = frame._replace(image=image[:1, :1].copy())
            self._places.append(_Place(at, place, (image.shape[0], image.shape[1])))
            at += image.size
        self._file.flush()
        if not self._places:
            raise InputError("it holds no frame; choose another file")

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._places)

    def __getitem__(self, index: int) -> Frame:
        """Return a frame; any thread may ask.

        Raises:
            IndexError: there is no such frame.
        """
        at, frame, shape = self._places[index]
        content = os.pread(self._file.fileno(), shape[0] * shape[1], at)
        return frame._replace(image=np.frombuffer(content, np.uint8).reshape(shape))

    def close(self) -> None:
        """Free the frames."""
        self._file.close()


class Clips:
    """The newest clips, each under a name that cannot be guessed.

    Attributes:
        stop: set when the demo ends.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._clips: OrderedDict[str, Clip] = OrderedDict()

    def add(self, clip: Clip) -> str:
        """Keep a clip and return its name; the oldest is freed when there are too many."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._clips[name] = clip
            if len(self._clips) > _KEPT:
                self._clips.popitem(last=False)[1].close()
        return name

    def frame(self, name: str, index: int) -> Frame:
        """Return a frame of a clip.

        Raises:
            KeyError: there is no such clip, or no longer.
            IndexError: it has no such frame.
        """
        with self._lock:
            clip = self._clips[name]
            self._clips.move_to_end(name)
            return clip[index]

    def close(self) -> None:
        """Free all clips, and stop reading what is being read."""
        self.stop.set()
        with self._lock:
            while self._clips:
                self._clips.popitem()[1].close()
