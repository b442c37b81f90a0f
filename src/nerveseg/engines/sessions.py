"""Runs exported files: one protocol for ONNX Runtime and OpenVINO."""

import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from nerveseg.errors import InputError


class Engine(Protocol):
    """Maps frames to probabilities."""

    def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities N x H x W float32, 0..1, for frames N x H x W uint8."""


def is_exported(path: Path) -> bool:
    """Return whether the name of a file is that of an exported model."""
    return path.suffix in _ENGINES


def engine_of(path: Path) -> Literal["onnx", "openvino"]:
    """Return the name of the engine that runs an exported file."""
    return "onnx" if path.suffix == ".onnx" else "openvino"


def open_engine(path: Path, threads: int | None = None) -> Engine:
    """Return the engine that runs an exported file, on the CPU.

    Args:
        path: a file .onnx, or .xml with .bin beside it, that `nerveseg export` wrote.
        threads: threads to compute on; by default as many as the process may use.

    Raises:
        InputError: the file is missing, damaged or of another kind, or its engine is not installed.
    """
    if not is_exported(path):
        raise InputError(f"{path}: not an exported model; give a file .onnx or .xml")
    if not path.is_file():
        raise InputError(f"{path}: not found; write it with `nerveseg export`")
    count = threads or len(os.sched_getaffinity(0))
    try:
        return _ENGINES[path.suffix](path, count)
    except InputError:
        raise
    except Exception as error:
        # Each engine has types of errors of its own, some of them RuntimeError itself.
        raise InputError(
            f"{path}: not readable as an exported model ({' '.join(str(error).split())[:120]}); "
            "export it again"
        ) from error


def files_of(path: Path) -> list[Path]:
    """Return the files of an exported model, or only `path` if it is none."""
    if not is_exported(path):
        return [path]
    weights = [path.with_suffix(".bin")] if path.suffix == ".xml" else []
    return [path, *weights, beside_of(path)]


def beside_of(path: Path) -> Path:
    """Return the JSON file beside an exported model; an .onnx and an .xml have each their own."""
    return path.with_name(f"{path.name}.json")


def need(package: str, extra: str) -> ModuleType:
    """Return a package of one of the project's extras.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the package '{package}' is not installed; run pip install 'nerveseg[{extra}]'"
        ) from error


def onnx_session(model: Path | bytes, threads: int) -> Engine:
    """Return ONNX Runtime as an engine, for a file or its content."""
    runtime = need("onnxruntime", "export")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = [session.run(None, {name: frame[np.newaxis]})[0] for frame in frames]
        return np.concatenate(rows)

    return run


@cache
def openvino_core() -> Any:  # noqa: ANN401
    """Return the one `openvino.Core` of this process, which is never freed.

    Each Core replaces the alternate signal stack of the thread that makes it, and unmaps it when it
    is freed. Of two Cores, the later one restores the stack of the earlier one: if that has been
    freed before, the next signal ends the process without a word.

    Raises:
        InputError: OpenVINO is not installed.
    """
    return need("openvino", "openvino").Core()


def computes_in_bf16() -> bool:
    """Return whether OpenVINO knows bf16 units of this processor."""
    return "BF16" in openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def openvino_session(
    model: Path | bytes, threads: int, precision: Literal["f32", "bf16"] = "f32"
) -> Engine:
    """Return OpenVINO as an engine, for a file .xml or the content of a file .onnx."""
    core = openvino_core()
    # Without a precision, processors with bf16 units would round what agreed without rounding.
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
    }
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    request = compiled.create_infer_request()

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = [request.infer([frame[np.newaxis]])[0].copy() for frame in frames]
        return np.concatenate(rows)

    return run


_ENGINES: Final[dict[str, Callable[[Path, int], Engine]]] = {
    ".onnx": onnx_session,
    ".xml": openvino_session,
}
