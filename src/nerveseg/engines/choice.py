"""Chooses what computes a trained network: torch, another engine, or the fastest that agrees."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nerveseg.device import Precision, pick_device, working_dtype
from nerveseg.engines.export import onnx_model, torch_engine
from nerveseg.engines.graph import FrameToProbability
from nerveseg.engines.sessions import (
    Engine,
    computes_in_bf16,
    need,
    onnx_session,
    openvino_session,
)
from nerveseg.engines.trial import Trial, try_engines
from nerveseg.environment import environment
from nerveseg.errors import InputError, within
from nerveseg.inference.averaged import Averaged, torch_predictor
from nerveseg.inference.predict import EPSILON, Begun, MapSource, Predictor
from nerveseg.params.predict import EngineName, ViewWeights

Frames = Callable[[], NDArray[np.uint8]]
TORCH: Final = "torch"
TRIED: Final = 8
BF16: Final = "openvino bf16"
_PACKAGES: Final = {"onnx": ("onnxruntime", "export"), "openvino": ("openvino", "openvino")}
"""Engine -> its package, and the extra that installs it."""
_CONVERTER: Final = ("onnxscript", "export")


class Choice(NamedTuple):
    """What computes a network.

    Attributes:
        source: the network with its test-time augmentation.
        words: the name of the engine; if several were tried, a comma and how fast each was.
        engine: its name.
        precision: that of torch.
    """

    source: MapSource
    words: str
    engine: str
    precision: Precision

    def environment(self) -> dict[str, str]:
        """Return what the logits depend on: the engine, and `nerveseg.environment.environment`."""
        if self.engine == TORCH:
            device = pick_device()
            versions, dtype = {}, working_dtype(self.precision, device)
        else:
            package, _ = _PACKAGES["openvino" if self.engine == BF16 else self.engine]
            versions = {package: str(import_module(package).__version__)}
            device = torch.device("cpu")
            dtype = torch.bfloat16 if self.engine == BF16 else torch.float32
        return {"engine": self.engine} | environment(device, dtype) | versions


def check_engine(engine: EngineName, weights: ViewWeights) -> None:
    """Refuse an engine that cannot compute here, before anything is trained for it.

    Raises:
        InputError: its package is not installed, or it cannot average views by `weights`.
    """
    if engine not in _PACKAGES:
        return
    need(*_PACKAGES[engine])
    need(*_CONVERTER)
    if weights != "mean":
        raise InputError(f"{engine} gives all views the same weight; use torch, or weights: mean")


def choose(
    averaged: Averaged, engine: EngineName, frames: Frames, precision: Precision = "auto"
) -> Choice:
    """Return what computes a network for frames of the size that it was trained on.

    Args:
        averaged: the network.
        engine: `torch`, which uses the device of `pick_device`; `onnx` or `openvino`, on the CPU;
            or `auto`, the fastest of those that are installed and agree with torch, which is
            torch itself on a GPU and for weights other than `mean`.
        frames: gives what `auto` tries the engines on, N x H x W uint8, of the trained size; it
            takes up to eight of them, evenly spaced.
        precision: of torch; the others compute in float32.

    Raises:
        InputError: as `check_engine` and `pick_device`, or `onnx` or `openvino` cannot compute the
            network; `auto` leaves that engine out.
    """
    with within("engine"):
        check_engine(engine, averaged.weights)
    device = pick_device()
    only_torch = device.type != "cpu" or averaged.weights != "mean"
    if engine == TORCH or (engine == "auto" and only_torch):
        return Choice(torch_predictor(averaged, precision), TORCH, TORCH, precision)
    description = averaged.description
    size = description.image_size
    graph = FrameToProbability(averaged.network, description, averaged.views, size)
    opened = _opened(graph, size, _installed() if engine == "auto" else [engine])
    if engine != "auto":
        if fault := opened.faults.get(engine):
            raise InputError(f"{engine} {_in_words(fault)}; use torch") from fault
        return Choice(EngineLogits(opened.engines[engine]), engine, engine, precision)
    predictor = torch_predictor(averaged, precision)
    engines = {TORCH: _probabilities(predictor)} | opened.engines
    trials = try_engines(engines, torch_engine(graph), _spread(frames()))
    agreeing = [name for name, trial in trials.items() if trial.agrees]
    best = min(agreeing or [TORCH], key=lambda name: trials[name].seconds)
    source = predictor if best == TORCH else EngineLogits(engines[best])
    return Choice(source, _words(best, trials, opened.faults), best, precision)


def _spread(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frames[:: max(1, len(frames) // TRIED)][:TRIED]


def _installed() -> list[str]:
    """Return the engines that are installed, OpenVINO twice where the processor has bf16 units."""
    if not find_spec(_CONVERTER[0]):
        return []
    found = [name for name, (package, _) in _PACKAGES.items() if find_spec(package)]
    return [*found, BF16] if "openvino" in found and computes_in_bf16() else found


class _Opened(NamedTuple):
    """What has computed a frame, and what cannot.

    Attributes:
        engines: name -> engine.
        faults: name -> why it cannot compute the network.
    """

    engines: dict[str, Engine]
    faults: dict[str, Exception]


def _opened(graph: FrameToProbability, size: tuple[int, int], names: Sequence[str]) -> _Opened:
    engines: dict[str, Engine] = {}
    faults: dict[str, Exception] = {}
    # The exporter and the engines have types of errors of their own, some of them RuntimeError.
    try:
        model = onnx_model(graph, size) if names else b""
    except Exception as error:
        return _Opened({}, dict.fromkeys(names, error))
    for name in names:
        try:
            engine = _session(name, model)
            engine(np.zeros((1, *size), np.uint8))
        except Exception as error:
            faults[name] = error
        else:
            engines[name] = engine
    return _Opened(engines, faults)


def _session(name: str, model: bytes) -> Engine:
    threads = torch.get_num_threads()
    if name == "onnx":
        return onnx_session(model, threads)
    return openvino_session(model, threads, "bf16" if name == BF16 else "f32")


def _in_words(fault: Exception) -> str:
    return f"cannot compute this network ({' '.join(str(fault).split())[:120]})"


class EngineLogits:
    """An engine as a source of logits.

    Args:
        engine: from frames to probabilities.
    """

    overlaps = False  # the engine uses the cores already

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits, N x H x W float32, for images N x H x W uint8."""
        # Clipped as the logits of a mean over views are.
        found = np.clip(self._engine(images), EPSILON, 1 - EPSILON)
        return np.asarray(np.log(found) - np.log1p(-found), np.float32)

    def begin(self, images: NDArray[np.uint8]) -> Begun:
        """Return a function that does what `logits` does."""
        return partial(self.logits, images)


def _probabilities(predictor: Predictor) -> Engine:
    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(1 / (1 + np.exp(-predictor.logits(frames))), np.float32)

    return run


def _words(best: str, trials: Mapping[str, Trial], faults: Mapping[str, Exception]) -> str:
    """Return, for instance, 'openvino, 4.1 ms a frame (torch 9.8, onnx 5.0)'."""
    others = [
        f"{name} {1e3 * trial.seconds:.1f}{'' if trial.agrees else ', whose masks differ'}"
        for name, trial in trials.items()
        if name != best
    ]
    others += [f"{name} {_in_words(fault)}" for name, fault in faults.items()]
    absent = [name for name in _PACKAGES if name not in trials and name not in faults]
    missing = absent if find_spec(_CONVERTER[0]) else [_CONVERTER[0]]
    others += [f"{name} is not installed" for name in missing]
    beside = f" ({'; '.join(others)})" if others else ""
    return f"{best}, {1e3 * trials[best].seconds:.1f} ms a frame{beside}"
