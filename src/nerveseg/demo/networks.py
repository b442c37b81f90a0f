"""The networks between which the page switches, and what the page is told of a frame."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from nerveseg.bedside.frame_result import Finder, on_whole_frame, region_of
from nerveseg.bedside.words import probability_in_words
from nerveseg.media.frame import Frame

# Two predictions at once would each take about twice as long, and the latency would say nothing.
_ONE_AT_A_TIME: Final = threading.Lock()


class Network(NamedTuple):
    """A trained network.

    Attributes:
        name: what the page calls it.
        finder: what decides.
    """

    name: str
    finder: Finder


def names_of(models: Sequence[Path]) -> list[str]:
    """Return a short name for each file: `unet` for unet.nerveseg.zip or unet/weights.safetensors.

    Files of one name are told apart by their number in the list, from 1.
    """
    stems = [path.name.split(".")[0] for path in models]
    generic = ("weights", "model", "")
    names = [
        path.resolve().parent.name if stem in generic else stem
        for path, stem in zip(models, stems, strict=True)
    ]
    often = Counter(names)
    return [
        name if often[name] == 1 else f"{name} ({number})" for number, name in enumerate(names, 1)
    ]


def described(networks: Sequence[Network]) -> list[dict[str, object]]:
    """Return the name of each network and the bounds of its states, for the page."""
    return [
        {
            "name": name,
            "sure_none": finder.rule.sure_none,
            "sure_nerve": finder.rule.sure_nerve,
        }
        for name, finder in networks
    ]


def examined(frame: Frame, finder: Finder) -> dict[str, object]:
    """Return what is found on a frame, and how long it took, for the page.

    `milliseconds` is from the frame in memory to the decision: resizing, all views of the network,
    and the rule. Reading the file and drawing are not part of it. `outlines` are lists of points
    (x, y) in pixels, with (0, 0) at the upper left corner of the frame.

    Raises:
        InputError: the network gives no number.
    """
    region = region_of(frame)
    with _ONE_AT_A_TIME:
        start = time.perf_counter()
        [finding] = finder.find(region[np.newaxis])
        seconds = time.perf_counter() - start
    result = on_whole_frame(frame, finding)
    return {
        "state": result.state,
        "probability": result.probability,
        "probability_in_words": probability_in_words(
            result.state, result.probability, result.pixels
        ),
        "pixels": result.pixels,
        "square_mm": result.square_mm,
        "milliseconds": seconds * 1000,
        "height": frame.image.shape[0],
        "width": frame.image.shape[1],
        "time": frame.time,
        "outlines": _outlines(result.mask),
    }


def _outlines(mask: NDArray[np.uint8]) -> list[list[list[float]]]:
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # OpenCV counts from the centre of the first pixel.
    return [(points.reshape(-1, 2) + 0.5).tolist() for points in found]
