"""What computes a network: the fastest engine of those that agree, and nothing that is missing."""

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import nerveseg
from nerveseg.engines import choice, trial
from nerveseg.engines.agreement import Agreement
from nerveseg.engines.choice import EngineLogits, check_engine, choose
from nerveseg.engines.sessions import Engine
from nerveseg.engines.trial import Trial, try_engines
from nerveseg.errors import InputError
from nerveseg.inference.averaged import Averaged
from nerveseg.inference.predict import Predictor
from nerveseg.inference.tta import SETS
from nerveseg.models.weights import Description
from nerveseg.params.predict import EngineName

SIZE = (32, 48)
FRAMES = np.random.default_rng(0).integers(0, 256, (3, *SIZE), np.uint8)
SAME = Agreement(1.0, 1.0, 0.0, 3)


@pytest.fixture(scope="module")
def averaged() -> Averaged:
    torch.manual_seed(0)
    network = nerveseg.build("unet", in_channels=1, width=4).eval()
    return Averaged(network, Description("unet", {"width": 4}, 1, SIZE, {}), SETS["flips"], "mean")


def given_frames() -> NDArray[np.uint8]:
    return FRAMES


def no_frames() -> NDArray[np.uint8]:
    raise AssertionError("only the engine auto needs frames")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_every_engine_gives_the_logits_of_torch(averaged: Averaged, engine: EngineName) -> None:
    with_torch, words, *_ = torch_choice = choose(averaged, "torch", no_frames)
    other, named, *_ = choice_of_engine = choose(averaged, engine, no_frames)
    assert (words, named) == ("torch", engine)
    assert isinstance(with_torch, Predictor)
    assert isinstance(other, EngineLogits)
    found, wanted = (each.logits(FRAMES) for each in (other, with_torch))
    ours, others = torch_choice.environment(), choice_of_engine.environment()
    assert (ours["engine"], others["engine"]) == ("torch", engine)
    package = {"onnx": "onnxruntime", "openvino": "openvino"}[engine]
    assert others[package].startswith(metadata.version(package))
    assert package not in ours
    assert found.dtype == wanted.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_auto_takes_the_fastest_and_says_how_fast_the_others_were(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = {"torch": 0.004, "onnx": 0.002, "openvino": 0.003}
    trials = {name: Trial(time, SAME) for name, time in seconds.items()}
    seen: list[str] = []

    def tried(
        engines: Mapping[str, Engine], _reference: Engine, given: NDArray[np.uint8]
    ) -> dict[str, Trial]:
        assert np.array_equal(given, FRAMES)
        seen.extend(engines)
        return trials

    monkeypatch.setattr(choice, "try_engines", tried)
    monkeypatch.setattr(choice, "computes_in_bf16", lambda: False)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert seen == list(seconds)
    assert isinstance(source, EngineLogits)
    assert words == "onnx, 2.0 ms a frame (torch 4.0; openvino 3.0)"


def test_an_engine_whose_masks_differ_is_never_taken(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "_session", lambda _name, _model: half)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert isinstance(source, Predictor)
    assert words.startswith("torch, ")
    assert ", whose masks differ;" in words


def test_bf16_is_tried_where_the_processor_computes_in_it(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenVINO emulates bf16 elsewhere, so it can be asked for on every processor.
    monkeypatch.setattr(choice, "computes_in_bf16", lambda: True)
    _, words, *_ = choose(averaged, "auto", given_frames)
    assert "openvino bf16" in words


def test_without_other_engines_auto_is_torch(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {"onnxscript"}
    monkeypatch.setattr(choice, "find_spec", lambda name: name if name in there else None)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert isinstance(source, Predictor)
    assert words.startswith("torch, ")
    assert words.endswith(" (onnx is not installed; openvino is not installed)")
    there = {"onnxruntime", "openvino"}
    _, words, *_ = choose(averaged, "auto", given_frames)
    assert words.endswith(" (onnxscript is not installed)")


@pytest.mark.slow
def test_a_network_that_no_engine_can_compute_is_left_to_torch(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        raise RuntimeError("no kernel\nfor this node")

    monkeypatch.setattr(choice, "_session", lambda _name, _model: broken)
    reason = r"cannot compute this network \(no kernel for this node\)"
    with pytest.raises(InputError, match=f"^onnx {reason}; use torch$"):
        choose(averaged, "onnx", no_frames)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert isinstance(source, Predictor)
    assert re.search(rf"^torch, .* a frame \(onnx {reason}; openvino {reason}\)$", words)


def test_an_engine_that_cannot_compute_a_network_leaves_the_others(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> Engine:
        raise RuntimeError("no kernel")

    monkeypatch.setattr(choice, "onnx_session", broken)
    monkeypatch.setattr(choice, "computes_in_bf16", lambda: False)
    seen: list[str] = []

    def tried(engines: Mapping[str, Engine], *_arguments: object) -> dict[str, Trial]:
        seen.extend(engines)
        return {name: Trial(1.0 / len(name), SAME) for name in engines}

    monkeypatch.setattr(choice, "try_engines", tried)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert seen == ["torch", "openvino"]
    assert isinstance(source, EngineLogits)
    assert words.startswith("openvino, ")
    assert words.endswith("; onnx cannot compute this network (no kernel))")


def test_a_network_that_cannot_be_converted_is_left_to_torch(
    averaged: Averaged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> bytes:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(choice, "onnx_model", broken)
    source, words, *_ = choose(averaged, "auto", given_frames)
    assert isinstance(source, Predictor)
    assert words.count("cannot compute this network (no such operation)") == 2


def test_views_weighed_by_agreement_need_torch(averaged: Averaged) -> None:
    weighed = averaged._replace(weights="agreement")
    source, words, *_ = choose(weighed, "auto", no_frames)
    assert isinstance(source, Predictor)
    assert words == "torch"
    with pytest.raises(InputError, match="onnx gives all views the same weight; use torch"):
        choose(weighed, "onnx", no_frames)


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    check_engine("torch", "mean")
    with pytest.raises(InputError, match=r"'openvino' is not installed; run pip install"):
        check_engine("openvino", "mean")
    monkeypatch.setitem(sys.modules, "openvino", sys)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(InputError, match=r"'onnxscript' is not installed; run pip install"):
        check_engine("openvino", "mean")


def test_time_is_the_median_without_the_first_frames_of_each_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans = [9.0, 9.0, 1.0, 2.0, 3.0, 4.0, *6 * [8.0], 9.0, 9.0, 5.0, 6.0, 7.0, 100.0, *6 * [8.0]]
    monkeypatch.setattr(trial, "time", SimpleNamespace(perf_counter=Clock(spans)))
    found = try_engines({"a": half, "b": half}, half, FRAMES)
    assert (found["a"].seconds, found["b"].seconds) == (4.5, 8.0)
    assert found["a"].agreement == Agreement(1.0, 1.0, 0.0, len(FRAMES))
    assert found["a"].agrees


def test_a_signal_after_engines_were_freed_does_not_end_the_process(tmp_path: Path) -> None:
    # Freed in the order in which they were made; Python's handlers run on the alternate stack.
    code = """
import faulthandler, signal, numpy
faulthandler.enable()
from openvino import opset13, save_model, Model
from nerveseg.engines.sessions import computes_in_bf16, openvino_session
frame = opset13.parameter([1, 4, 4], numpy.float32)
save_model(Model([opset13.relu(frame)], [frame], "relu"), "model.xml")
from pathlib import Path
engines = [openvino_session(Path("model.xml"), 1) for _ in range(2)]
computes_in_bf16()
engines.pop(0)
engines.pop(0)
signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
signal.raise_signal(signal.SIGUSR1)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


@pytest.mark.parametrize(
    ("agreement", "agrees"),
    [
        (Agreement(0.9991, 0.9, 0.09, 3), True),
        (Agreement(0.9989, 0.9, 0.09, 3), False),
        (Agreement(1.0, 1.0, 0.11, 3), False),
    ],
)
def test_masks_and_probabilities_must_agree(agreement: Agreement, agrees: bool) -> None:
    assert Trial(0.1, agreement).agrees is agrees


def half(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.full(frames.shape, 0.5, np.float32)


class Clock:
    """Every second reading is later than the one before by the next of `spans`."""

    def __init__(self, spans: list[float]) -> None:
        self._spans, self._now, self._started = iter(spans), 0.0, False

    def __call__(self) -> float:
        if self._started:
            self._now += next(self._spans)
        self._started = not self._started
        return self._now
