"""Chooses what computes a trained network: torch, another engine, or the fastest that agrees."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import metadata
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
        depends: what its logits depend on: the engine, and the machine and versions of
            `nerveseg.environment.environment`.
    """

    source: MapSource
    words: str
    depends: dict[str, str]


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
            network; `auto` is torch then.
    """
    with within("engine"):
        check_engine(engine, averaged.weights)
    device = pick_device()
    only_torch = device.type != "cpu" or averaged.weights != "mean"
    if engine == TORCH or (engine == "auto" and only_torch):
        return _choice(TORCH, torch_predictor(averaged, precision), precision)
    description = averaged.description
    size = description.image_size
    graph = FrameToProbability(averaged.network, description, averaged.views, size)
    opened = _opened(graph, size, _installed() if engine == "auto" else [engine])
    if engine != "auto":
        if engine in opened.faults:
            raise InputError(f"{engine} {opened.faults[engine]}; use torch")
        return _choice(engine, EngineLogits(opened.engines[engine]))
    predictor = torch_predictor(averaged, precision)
    engines = {TORCH: _probabilities(predictor)} | opened.engines
    trials = try_engines(engines, torch_engine(graph), _spread(frames()))
    agreeing = [name for name, trial in trials.items() if trial.agrees]
    best = min(agreeing or [TORCH], key=lambda name: trials[name].seconds)
    source = predictor if best == TORCH else EngineLogits(engines[best])
    return _choice(best, source, precision)._replace(words=_words(best, trials, opened.faults))


def _choice(engine: str, source: MapSource, precision: Precision = "fp32") -> Choice:
    """Return the choice of one engine; the precision is that of torch."""
    if engine == TORCH:
        device = pick_device()
        return Choice(source, engine, _depends(engine, device, working_dtype(precision, device)))
    package, _ = _PACKAGES[engine.removesuffix(" bf16")]
    dtype = torch.bfloat16 if engine == BF16 else torch.float32
    depends = _depends(engine, torch.device("cpu"), dtype)
    return Choice(source, engine, depends | {package: metadata.version(package)})


def _depends(engine: str, device: torch.device, dtype: torch.dtype) -> dict[str, str]:
    return {"engine": engine} | environment(device, dtype)


def _spread(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frames[:: max(1, len(frames) // TRIED)][:TRIED]


def _installed() -> list[str]:
    if not find_spec(_CONVERTER[0]):
        return []
    return [name for name, (package, _) in _PACKAGES.items() if find_spec(package)]


class _Opened(NamedTuple):
    """What has computed a frame, and what cannot.

    Attributes:
        engines: name -> engine; OpenVINO twice where the processor computes in bf16.
        faults: name -> why it cannot compute the network.
    """

    engines: dict[str, Engine]
    faults: dict[str, str]


def _opened(graph: FrameToProbability, size: tuple[int, int], names: Sequence[str]) -> _Opened:
    opened = _Opened({}, {})
    if not names:
        return opened
    try:
        model = onnx_model(graph, size)
    except Exception as error:
        # The exporter and the engines have types of errors of their own, some of them RuntimeError.
        opened.faults.update(dict.fromkeys(names, _fault(error)))
        return opened
    for name in names:
        try:
            found = _sessions(name, model)
            for engine in found.values():
                engine(np.zeros((1, *size), np.uint8))
        except Exception as error:
            opened.faults[name] = _fault(error)
        else:
            opened.engines.update(found)
    return opened


def _fault(error: Exception) -> str:
    return f"cannot compute this network ({' '.join(str(error).split())[:120]})"


def _sessions(name: str, model: bytes) -> dict[str, Engine]:
    threads = torch.get_num_threads()
    if name == "onnx":
        return {name: onnx_session(model, threads)}
    found = {name: openvino_session(model, threads)}
    if computes_in_bf16():
        found[BF16] = openvino_session(model, threads, "bf16")
    return found


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


def _words(best: str, trials: Mapping[str, Trial], faults: Mapping[str, str]) -> str:
    """Return, for instance, 'openvino, 4.1 ms a frame (torch 9.8, onnx 5.0)'."""
    others = [
        f"{name} {1e3 * trial.seconds:.1f}{'' if trial.agrees else ', whose masks differ'}"
        for name, trial in trials.items()
        if name != best
    ]
    others += [f"{name} {fault}" for name, fault in faults.items()]
    absent = [name for name in _PACKAGES if name not in trials and name not in faults]
    missing = absent if find_spec(_CONVERTER[0]) else [_CONVERTER[0]]
    others += [f"{name} is not installed" for name in missing]
    beside = f" ({'; '.join(others)})" if others else ""
    return f"{best}, {1e3 * trials[best].seconds:.1f} ms a frame{beside}"
