"""Exported networks, compared with torch's eager float32: `python -m benchmarks.engines`.

One frame at a time, from its grey levels to its mask, at full width and without views.
"""

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from benchmarks.side_by_side import Result, print_table, within
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.bedside.image_predictor import ImagePredictor
from nerveseg.engines.agreement import LEAST
from nerveseg.engines.choice import choose
from nerveseg.engines.export import Source, export_onnx, export_openvino, torch_engine
from nerveseg.engines.graph import FrameToProbability
from nerveseg.engines.sessions import Engine, computes_in_bf16, open_engine, openvino_session
from nerveseg.engines.trial import seconds_in_turns
from nerveseg.inference.averaged import Averaged
from nerveseg.inference.postprocess import clean
from nerveseg.inference.tta import SETS
from nerveseg.models.factory import build
from nerveseg.models.weights import Description
from nerveseg.rle import IMAGE_SHAPE

NETWORKS: Final = ("rpa_apf", "baseline", "unet")
SIDES: Final = (128, 256)
TURNS: Final = 6
COUNTED: Final = 5
LIVE_FRAMES: Final = 120
LIVE_WARM_UP: Final = 20
RULE: Final = DecisionRule(threshold=0.5, min_blob=1000, min_total=2000)
FILES: Final = {"onnx": ".onnx", "openvino": ".xml", "openvino int8": ".xml"}
# For RPA/APF at 256: the fastest engine in float32 or bf16, and 8-bit integers, each on a processor
# with AVX2 only and on one with bf16 units.
BARS: Final = {"auto": (1.6, 4.0), "openvino int8": (3.0, 6.0)}
FRAMES_PER_SECOND: Final = 38
"""A usual rate of scanners."""
LIVE: Final = ("unet", 8, (64, 96))
"""Network, width and frame size of the default run that keeps up with a scanner."""


def measure() -> dict[str, Result]:
    """Return the comparison on this machine's processor, on all its cores."""
    rows: dict[str, Result] = {}
    for side in SIDES:
        for name in NETWORKS:
            rows |= _compared(name, side)
    return rows | _live()


def _compared(name: str, side: int) -> dict[str, Result]:
    seconds = _seconds(_engines(name, side))
    torch_median = float(np.median(seconds.pop("torch")))
    whole = {engine: times for engine, times in seconds.items() if "int8" not in engine}
    fastest = min(whole, key=lambda engine: float(np.median(whole[engine])))
    rows: dict[str, Result] = {}
    for engine, times in ({"auto": whole[fastest]} | seconds).items():
        median, late = (float(np.percentile(times, share)) for share in (50, 95))
        label = f"{name}, {side}, {engine}" + (f" ({fastest})" if engine == "auto" else "")
        barred = (name, side) == ("rpa_apf", 256) and engine in BARS
        rows[label] = Result(
            ours=1 / median,
            peer=1 / torch_median,
            unit="frames/s",
            ratio=torch_median / median,
            bar=BARS[engine][computes_in_bf16()] if barred else 1.0,
        )
        rows[f"{label}, p95"] = within(1e3 * late, 1.5e3 * median, "ms")
    return rows


def _live() -> dict[str, Result]:
    """Return how long the fastest engine takes from a frame in memory to its decision."""
    name, width, size = LIVE
    torch.manual_seed(0)
    network = build(name, 1, width=width).eval()
    description = Description(name, {"width": width}, 1, size, {})
    averaged = Averaged(network, description, SETS["none"], "mean")
    source, words, *_ = choose(averaged, "auto", lambda: _frames(8, size))
    predictor = ImagePredictor(source, size, RULE)
    frames = _frames(LIVE_FRAMES)
    times = []
    for frame in frames:
        start = time.perf_counter()
        predictor.find(frame)
        times.append(time.perf_counter() - start)
    late = float(np.percentile(times[LIVE_WARM_UP:], 95))
    label = f"{name} of width {width}, {size[0]} x {size[1]}, {words.split(',')[0]}"
    return {f"{label}: p95, one frame": within(1e3 * late, 1e3 / FRAMES_PER_SECOND, "ms")}


def _engines(name: str, side: int) -> dict[str, Engine]:
    torch.manual_seed(0)
    description = Description(name, {}, 1, (side, side), {})
    graph = FrameToProbability(build(name, 1).eval(), description, SETS["none"], IMAGE_SHAPE)
    source = Source(graph, IMAGE_SHAPE, RULE)
    frames = list(_frames(4))
    # The weights are random, so the masks of 8-bit integers mean nothing.
    LEAST["int8"] = 0.0
    engines = {"torch": torch_engine(graph)}
    with tempfile.TemporaryDirectory() as folder:
        files = {key: Path(folder, key.replace(" ", "_") + end) for key, end in FILES.items()}
        export_onnx(source, files["onnx"], frames)
        export_openvino(source, files["openvino"], frames)
        export_openvino(source, files["openvino int8"], frames, frames)
        engines |= {key: open_engine(path) for key, path in files.items()}
        if computes_in_bf16():
            threads = torch.get_num_threads()
            engines["openvino bf16"] = openvino_session(files["openvino"], threads, "bf16")
    return engines


def _frames(count: int, size: tuple[int, int] = IMAGE_SHAPE) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, *size), np.uint8)


def _seconds(engines: dict[str, Engine]) -> dict[str, list[float]]:
    """Return the seconds of each counted frame, from its grey levels to its mask."""

    def to_mask(engine: Engine, frame: NDArray[np.uint8]) -> None:
        clean(engine(frame)[0] >= RULE.threshold, RULE.min_blob, RULE.min_total)

    whole = {name: partial(to_mask, engine) for name, engine in engines.items()}
    return seconds_in_turns(whole, _frames(COUNTED), TURNS, COUNTED)


if __name__ == "__main__":
    print_table(measure())
