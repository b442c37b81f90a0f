"""Writes a trained network as one file for ONNX Runtime or OpenVINO, if it agrees with torch."""

import io
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nerveseg.artefact.decision import DecisionRule
from nerveseg.atomic import whole_file
from nerveseg.engines.agreement import LEAST, Agreement, measure
from nerveseg.engines.beside import Beside, Precision, write_beside
from nerveseg.engines.graph import FrameToProbability
from nerveseg.engines.sessions import Engine, need, open_engine, openvino_core
from nerveseg.engines.transposed import without_transposed
from nerveseg.errors import InputError
from nerveseg.inference.tta import names_of

_NO_OPERATIONS: Final = ("Constant", "Parameter", "Result")
Frames = Iterable[NDArray[np.uint8]]


class Source(NamedTuple):
    """What is exported.

    Attributes:
        graph: the module.
        frame_size: height and width of its frames.
        rule: how its probabilities become masks; written beside the file.
    """

    graph: FrameToProbability
    frame_size: tuple[int, int]
    rule: DecisionRule


def export_onnx(source: Source, path: Path, frames: Frames) -> Agreement:
    """Write `path`, a file .onnx for one frame at a time, and its rule beside it as JSON.

    Args:
        source: what to export.
        path: file to write.
        frames: on which the file must agree with torch, each H x W uint8.

    Raises:
        InputError: the masks of the file and of torch do not agree well enough, or a package is
            not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, path.name)
        made.write_bytes(onnx_model(source.graph, source.frame_size))
        return _publish(source, [made], path, "fp32", frames)


def export_openvino(
    source: Source, path: Path, frames: Frames, calibration: Sequence[NDArray[np.uint8]] = ()
) -> Agreement:
    """Write `path`, a file .xml, its weights .bin and its rule (.xml.json) for one frame at a time.

    Args:
        source: what to export.
        path: file to write.
        frames: on which the file must agree with torch, each H x W uint8.
        calibration: frames, H x W uint8, that give the ranges of 8-bit numbers; without them the
            file computes in float32.

    Raises:
        InputError: as `export_onnx`.
    """
    openvino = need("openvino", "openvino")
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder, "graph.onnx")
        onnx.write_bytes(onnx_model(source.graph, source.frame_size))
        model = openvino_core().read_model(onnx)
        if calibration:
            model = _quantised(model, calibration)
        made = Path(folder, path.name)
        openvino.save_model(model, made, compress_to_fp16=False)
        precision: Precision = "int8" if calibration else "fp32"
        files = [made.with_suffix(".bin"), made]
        return _publish(source, files, path, precision, frames)


def torch_engine(graph: FrameToProbability) -> Engine:
    """Return torch itself as an engine, in float32 on the CPU."""

    def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            result: NDArray[np.float32] = graph(torch.from_numpy(frames)).numpy()
        return result

    return run


def onnx_model(graph: FrameToProbability, frame_size: tuple[int, int]) -> bytes:
    """Return the content of a file .onnx that computes `graph`, one frame of `frame_size` a time.

    Raises:
        InputError: a package is not installed.
    """
    need("onnxscript", "export")
    example = torch.zeros((1, *frame_size), dtype=torch.uint8)
    # The exporter warns of its own internals, and prints its progress.
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.export.export(graph.eval(), (example,))
        made = torch.onnx.export(program, dynamo=True, verbose=False, input_names=["frame"])
    assert made is not None
    content: bytes = made.model_proto.SerializeToString()
    return content


def _quantised(model: Any, calibration: Sequence[NDArray[np.uint8]]) -> Any:  # noqa: ANN401
    # Otherwise nncf reports its use to a server, without asking.
    os.environ.setdefault("NNCF_CI", "1")
    nncf = need("nncf", "openvino")
    logging.getLogger("nncf").setLevel(logging.ERROR)
    without_transposed(model)
    dataset = nncf.Dataset([frame[np.newaxis] for frame in calibration])
    scope = nncf.IgnoredScope(names=sorted(_outside(model)))
    return nncf.quantize(model, dataset, ignored_scope=scope, subset_size=len(calibration))


def _outside(model: Any) -> set[str]:  # noqa: ANN401
    """Return the names of the operations before the first convolutions and after the last.

    They resize, normalise and average views; 8 bits are too few for that, and not worth it.
    """
    starts = [operation for frame in model.get_parameters() for operation in _readers(frame)]
    ends = [operation for result in model.get_results() for operation in _sources(result)]
    found = _until_convolutions(starts, _readers) | _until_convolutions(ends, _sources)
    return {name for name, kind in found.items() if kind not in _NO_OPERATIONS}


def _readers(operation: Any) -> list[Any]:  # noqa: ANN401
    ports = [port for output in operation.outputs() for port in output.get_target_inputs()]
    return [port.get_node() for port in ports]


def _sources(operation: Any) -> list[Any]:  # noqa: ANN401
    return [port.get_source_output().get_node() for port in operation.inputs()]


def _until_convolutions(
    starts: Iterable[Any], follow: Callable[[Any], Iterable[Any]]
) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(starts)
    while waiting:
        operation = waiting.pop()
        name, kind = operation.get_friendly_name(), operation.get_type_name()
        if name not in found and "Convolution" not in kind:
            found[name] = kind
            waiting += follow(operation)
    return found


def _publish(
    source: Source, files: Sequence[Path], path: Path, precision: Precision, frames: Frames
) -> Agreement:
    """Move `files`, the last of which is the model, to `path` once they are known to agree."""
    engine, reference = open_engine(files[-1]), torch_engine(source.graph)
    found = measure(engine, reference, frames, source.rule)
    if not found.dice >= LEAST[precision]:
        raise InputError(
            f"{path}: not written: its masks have a mean Dice of {found.dice:.4f} with torch's, "
            f"and {precision} must reach {LEAST[precision]}; export another precision"
        )
    views = names_of(source.graph.views).split(", ")
    beside = Beside(
        frame=source.frame_size, views=views, precision=precision, rule=source.rule, agreement=found
    )
    write_beside(path, beside)
    for file in files:
        with whole_file(path.with_suffix(file.suffix)) as new:
            new.write_bytes(file.read_bytes())
    return found
