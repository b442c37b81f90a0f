"""The files that are written for one source: masks, and pictures with outlines."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg import rle
from nerveseg.atomic import whole_file, whole_files
from nerveseg.bedside.frame_result import Finder, FrameResult, find_all
from nerveseg.bedside.overlay import draw
from nerveseg.bedside.records import MASKS, OVERLAYS, Row
from nerveseg.errors import InputError
from nerveseg.media.frame import Frame
from nerveseg.media.sources import Source

_INSIDE: Final = 255
_DIGITS: Final = 6


class OutputOptions(NamedTuple):
    """What to write.

    Attributes:
        overlays: whether to write pictures with outlines, too.
        rate: frames per second of such a video, where the source is not itself a video.
        frames: number of frames after which to stop; None for all.
    """

    overlays: bool = True
    rate: float = 25.0
    frames: int | None = None


EVERYTHING: Final = OutputOptions()
Progress = Callable[[Iterable[Frame]], Iterable[Frame]]


def predict_source(
    source: Source, finder: Finder, out: Path, options: OutputOptions, progress: Progress
) -> tuple[list[str], list[Row]]:
    """Predict one source and write its masks and overlays, completely or not at all.

    A still gives `masks/NAME.png` and `overlays/NAME.png`; what has several frames gives a folder
    `masks/NAME` with a PNG for each frame, and a video `overlays/NAME.mp4`.

    Args:
        source: what to predict.
        finder: the trained network.
        out: the folder of the outputs.
        options: what to write.
        progress: passes the frames on, and may show how many there were.

    Returns:
        The files that were written, relative to `out`, and a row for each frame.

    Raises:
        InputError: the source is damaged, has no frame, or its frames change their size.
    """
    frames = islice(progress(source.frames()), options.frames)
    first = list(islice(frames, 2))
    if not first:
        raise InputError(f"{source.path}: it has no frame; choose another file")
    results = find_all(chain(first, frames), finder)
    if len(first) == 1 and source.kind in ("still", "dicom"):
        return _write_still(source.name, next(results), out, options)
    return _write_moving(source, results, out, options)


def _write_still(
    name: str, found: tuple[Frame, FrameResult], out: Path, options: OutputOptions
) -> tuple[list[str], list[Row]]:
    frame, result = found
    files = [f"{MASKS}/{name}.png"]
    _write_png(out / files[0], result.mask * np.uint8(_INSIDE))
    if options.overlays:
        files.append(f"{OVERLAYS}/{name}.png")
        _write_png(out / files[1], draw(frame, result)[..., ::-1])
    return files, [_row(0, result)]


def _write_moving(
    source: Source,
    results: Iterator[tuple[Frame, FrameResult]],
    out: Path,
    options: OutputOptions,
) -> tuple[list[str], list[Row]]:
    name = source.name
    files: list[str] = []
    rows: list[Row] = []
    shape: tuple[int, ...] | None = None
    with ExitStack() as stack:
        masks = stack.enter_context(whole_files(out / MASKS / name))
        write = _overlay_writer(stack, out / OVERLAYS / f"{name}.mp4", options)
        for index, (frame, result) in enumerate(results):
            shape = shape or frame.image.shape
            if frame.image.shape != shape:
                raise InputError(
                    f"{source.path}: frame {index} has another size than those before; cut it there"
                )
            file = f"{index:0{_DIGITS}}.png"
            _encode_png(masks / file, result.mask * np.uint8(_INSIDE))
            files.append(f"{MASKS}/{name}/{file}")
            rows.append(_row(index, result))
            # The times of a cine loop are part of its header, of which nothing is written.
            time = frame.time if source.kind == "video" else None
            write(draw(frame, result, f"frame {index}"), time)
    return [*files, *([f"{OVERLAYS}/{name}.mp4"] if options.overlays else [])], rows


def _overlay_writer(
    stack: ExitStack, path: Path, options: OutputOptions
) -> Callable[[NDArray[np.uint8], float | None], None]:
    if not options.overlays:
        return lambda *_: None
    # Needed for videos alone, and part of the extra `media`.
    from nerveseg.media.video import VideoWriter

    return stack.enter_context(VideoWriter(path, options.rate)).write


def _row(index: int, result: FrameResult) -> Row:
    return Row(
        frame=index,
        state=result.state,
        probability=result.probability,
        area_px=result.pixels,
        area_mm2=result.square_mm,
        rle=rle.encode(result.mask),
    )


def _write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    with whole_file(path) as temporary:
        _encode_png(temporary, picture)


def _encode_png(path: Path, picture: NDArray[np.uint8]) -> None:
    _, content = cv2.imencode(".png", np.ascontiguousarray(picture))
    path.write_bytes(content.tobytes())
