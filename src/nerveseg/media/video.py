"""Video files as grey frames or as colours, and files of frames with outlines."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError, within
from nerveseg.media.frame import Frame, Levels, check_size, to_grey

# Playlists and descriptions of streams would make FFmpeg open other files and servers.
_ONLY_FILES: Final = {
    "protocol_whitelist": "file",
    "format_whitelist": "avi,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegvideo,mpegts,asf",
}
_TICKS: Final = 10_000  # per second: MPEG-4 has 16 bits for it


def read_video(path: Path, levels: Levels | None = None) -> Iterator[Frame]:
    """Yield the frames of a video, one after the other.

    Args:
        path: the file.
        levels: the values that become black and white; None for 0 and 255.

    Raises:
        InputError: the file is damaged, holds no video, or its frames are too large.
    """
    start: float | None = None
    for time, colours in _decoded(path):
        start = time if start is None else start
        seconds = None if time is None or start is None else time - start
        yield Frame(to_grey(colours, levels), time=seconds)


def read_video_values(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a video, H x W x 3 uint8 RGB, as a mask of colours has them.

    Raises:
        InputError: see `read_video`.
    """
    return (colours for _, colours in _decoded(path))


def _decoded(path: Path) -> Iterator[tuple[float | None, NDArray[np.uint8]]]:
    """Yield the time in seconds, if known, and the colours of each frame."""
    with within(str(path)):
        try:
            yield from _frames(path)
        except (FFmpegError, ValueError) as error:
            # Bytes that no decoder knows also end here, after the frames before them.
            reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:120]
            raise InputError(
                f"not a video, or a damaged one ({reason}); convert it to MP4 or AVI"
            ) from error


def _frames(path: Path) -> Iterator[tuple[float | None, NDArray[np.uint8]]]:
    with av.open(str(path), options=_ONLY_FILES) as container:
        if not container.streams.video:
            raise InputError("it holds no video; choose another file")
        stream = container.streams.video[0]
        # PyAV's annotations do not say that this is None for a codec that FFmpeg does not know.
        context = cast("av.VideoCodecContext | None", stream.codec_context)
        if context is None:
            raise InputError("its codec is not known; convert it to MP4 with H.264")
        check_size(context.height, context.width)
        for frame in container.decode(stream):
            check_size(frame.height, frame.width)  # the size may change within a video
            yield frame.time, np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


class VideoWriter:
    """Writes frames to an MP4 file that appears only when it is complete.

    Use as a context manager. A frame is written as a whole or not at all, and the file is finished,
    wherever Ctrl-C arrives: all of it is done by a thread, and only the main thread is interrupted.
    A frame that left the encoder and did not reach the file would spoil those that refer to it.

    Args:
        path: file to write.
        rate: frames per second of the frames whose time is not given.
    """

    def __init__(self, path: Path, rate: float = 25.0) -> None:
        self._file = whole_file(path)
        self._path = path
        self._rate = Fraction(rate).limit_denominator(1001)
        self._stream: av.VideoStream | None = None
        self._next = 0  # the earliest time of the next frame, in ticks
        self._thread = ThreadPoolExecutor(1, "video")

    def __enter__(self) -> Self:
        """Create the file under a temporary name."""
        self._run(self._open)
        return self

    def write(self, picture: NDArray[np.uint8], time: float | None = None) -> None:
        """Append a frame.

        An odd side loses its last row or column, because the format stores colours in pairs.

        Args:
            picture: H x W x 3 uint8 RGB; all frames have the size of the first.
            time: seconds since the first frame; None for the next of `rate`.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the frame is in the file nevertheless.
        """
        self._run(lambda: self._append(picture, time))

    def _run(self, work: Callable[[], None]) -> None:
        self._thread.submit(work).result()

    def _open(self) -> None:
        temporary = self._file.__enter__()
        self._container = av.open(str(temporary), "w", format="mp4")

    def _append(self, picture: NDArray[np.uint8], time: float | None) -> None:
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        if self._stream is None:
            self._stream = self._new_stream(height, width)
        even = np.ascontiguousarray(picture[:height, :width])
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        ticks = self._next if time is None else round(time * _TICKS)
        frame.pts, frame.time_base = max(ticks, self._next), Fraction(1, _TICKS)
        self._next = frame.pts + (round(_TICKS / self._rate) if time is None else 1)
        self._container.mux(self._stream.encode(frame))

    def _new_stream(self, height: int, width: int) -> av.VideoStream:
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        stream = cast(av.VideoStream, self._container.add_stream(codec, rate=self._rate))
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        return stream

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Move the file into place, or delete it after an error or without a frame.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the file is finished nevertheless.
        """
        try:
            self._run(lambda: self._close(kind, error, traceback))
        finally:
            self._thread.shutdown()

    def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None and error is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if self._stream is None and error is None:
            error = InputError(f"{self._path}: no frame to write")
            self._file.__exit__(InputError, error, None)
            return
        self._file.__exit__(kind, error, traceback)
