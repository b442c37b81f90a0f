"""Exported networks, compared with torch's eager float32: `python -m benchmarks.engines`.

One frame at a time, from its grey levels to its mask, at full width and without views.
"""

import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from benchmarks.side_by_side import Result, print_table, within
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.engines.agreement import LEAST
from nerveseg.engines.export import Source, export_onnx, export_openvino, torch_engine
from nerveseg.engines.graph import FrameToProbability
from nerveseg.engines.sessions import Engine, open_engine
from nerveseg.inference.postprocess import clean
from nerveseg.inference.tta import SETS
from nerveseg.models.factory import build
from nerveseg.models.weights import Description
from nerveseg.rle import IMAGE_SHAPE

NETWORKS: Final = ("rpa_apf", "baseline", "unet")
SIDE: Final = 256
ROUNDS: Final = 30
RULE: Final = DecisionRule(threshold=0.5, min_blob=1000, min_total=2000)
# For RPA/APF, the fastest engine in float32 on a processor with AVX2, and in 8-bit integers.
BARS: Final = {"onnx": 1.6, "openvino": 1.6, "openvino int8": 3.0}


def measure() -> dict[str, Result]:
    """Return the comparison on this machine's processor, on all its cores."""
    rows: dict[str, Result] = {}
    for name in NETWORKS:
        seconds = _seconds(_engines(name))
        torch_median = float(np.median(seconds.pop("torch")))
        for engine, times in seconds.items():
            median, late = (float(np.percentile(times, share)) for share in (50, 95))
            rows[f"{name}, {SIDE}, {engine}"] = Result(
                ours=1 / median,
                peer=1 / torch_median,
                unit="frames/s",
                ratio=torch_median / median,
                bar=BARS[engine] if name == "rpa_apf" else 1.0,
            )
            rows[f"{name}, {SIDE}, {engine}, p95"] = within(1e3 * late, 1.5e3 * median, "ms")
    return rows


def _engines(name: str) -> dict[str, Engine]:
    torch.manual_seed(0)
    description = Description(name, {}, 1, (SIDE, SIDE), {})
    graph = FrameToProbability(build(name, 1).eval(), description, SETS["none"], IMAGE_SHAPE)
    source = Source(graph, IMAGE_SHAPE, RULE)
    frames = list(_frames(4))
    # The weights are random, so the masks of 8-bit integers mean nothing.
    LEAST["int8"] = 0.0
    engines = {"torch": torch_engine(graph)}
    with tempfile.TemporaryDirectory() as folder:
        files = {key: Path(folder, key.replace(" ", "_")) for key in BARS}
        export_onnx(source, path := files["onnx"].with_suffix(".onnx"), frames)
        engines["onnx"] = open_engine(path)
        export_openvino(source, path := files["openvino"].with_suffix(".xml"), frames)
        engines["openvino"] = open_engine(path)
        path = files["openvino int8"].with_suffix(".xml")
        export_openvino(source, path, frames, frames)
        engines["openvino int8"] = open_engine(path)
    return engines


def _frames(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *IMAGE_SHAPE), np.uint8)


def _seconds(engines: dict[str, Engine]) -> dict[str, list[float]]:
    """Return the seconds of each round, one frame after the other in every engine."""
    found: dict[str, list[float]] = {name: [] for name in engines}
    frames = _frames(ROUNDS + 3)
    for index, frame in enumerate(frames):
        for name, engine in engines.items():
            start = time.perf_counter()
            clean(engine(frame[np.newaxis])[0] >= RULE.threshold, RULE.min_blob, RULE.min_total)
            if index >= len(frames) - ROUNDS:  # the first frames warm up
                found[name].append(time.perf_counter() - start)
    return found


if __name__ == "__main__":
    print_table(measure())
