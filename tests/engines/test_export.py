"""Exported files give the probabilities of torch, and files that do not are never written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

import nerveseg
from nerveseg.artefact.decision import DecisionRule
from nerveseg.data.input_normalisation import to_input
from nerveseg.data.packed_writer import resize_image
from nerveseg.engines import agreement
from nerveseg.engines.export import Source, export_onnx, export_openvino, torch_engine
from nerveseg.engines.graph import FrameToProbability
from nerveseg.engines.sessions import beside_of, open_engine
from nerveseg.errors import InputError
from nerveseg.inference.tta import choose_views
from nerveseg.models.weights import Description, load_weights, save_weights

FRAME, SIZE = (90, 124), (32, 64)
RULE = DecisionRule(threshold=0.5, min_blob=10, min_total=20)


class Made(NamedTuple):
    """What the tests share."""

    weights: Path
    source: Source
    frames: list[NDArray[np.uint8]]


@pytest.fixture(scope="module", params=["unet", pytest.param("rpa_apf", marks=pytest.mark.slow)])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A narrow network that has learnt to outline what is bright, and frames with bright parts."""
    torch.manual_seed(0)
    options: dict[str, object] = {"width": 4}
    network = nerveseg.build(request.param, in_channels=1, **options)
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 256, (6, 9, 12), np.uint8)
    frames = [np.kron(each, np.ones((10, 11), np.uint8))[:, : FRAME[1]] for each in coarse]
    small = torch.from_numpy(np.stack([resize_image(frame, SIZE) for frame in frames]))
    optimiser = torch.optim.Adam(network.train().parameters(), lr=0.01)
    for _ in range(60):
        logits = network(to_input(small, 1))[:, 0]
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(logits, (small > 128).float())
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    training: dict[str, object] = {"flips": ["horizontal"]}
    description = Description(request.param, options, 1, SIZE, training)
    weights = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_weights(weights, network, description)
    loaded, description = load_weights(weights)
    graph = FrameToProbability(loaded, description, choose_views("auto", description), FRAME)
    return Made(weights, Source(graph, FRAME, RULE), frames)


def test_the_graph_does_what_the_predictor_does(made: Made) -> None:
    found = torch_engine(made.source.graph)(np.stack(made.frames))
    wanted = nerveseg.load(made.weights)(np.stack(made.frames))
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_a_file_gives_the_probabilities_of_torch(made: Made, tmp_path: Path) -> None:
    wanted = torch_engine(made.source.graph)(np.stack(made.frames))
    assert 0.1 < (wanted >= RULE.threshold).mean() < 0.9
    for path, export in ((tmp_path / "a.onnx", export_onnx), (tmp_path / "a.xml", export_openvino)):
        said = export(made.source, path, made.frames)
        assert said.dice >= agreement.LEAST["fp32"]
        assert said.frames == len(made.frames)
        found = open_engine(path, threads=1)(np.stack(made.frames))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert said.probability <= 1e-4
        beside = json.loads(beside_of(path).read_text())
        assert beside["rule"] == RULE.model_dump(mode="json")
        assert beside["agreement"] == said._asdict()
        assert beside["views"] == ["identity", "horizontal"]
        # An exported file is one more kind of model for everything that predicts.
        predict = nerveseg.load(path)
        np.testing.assert_allclose(predict(np.stack(made.frames)), wanted, atol=1e-4)
        assert predict.rule == RULE
        with pytest.raises(InputError, match="its views are fixed"):
            nerveseg.load(path, tta="none")
        beside_of(path).unlink()
        with pytest.raises(InputError, match=f"keep it beside {path.name}"):
            nerveseg.load(path)
    onnx.checker.check_model(onnx.load(tmp_path / "a.onnx"), full_check=True)


# RPA/APF of this width has too few channels for 8 bits.
@pytest.mark.slow
@pytest.mark.parametrize("made", ["unet"], indirect=True)
def test_eight_bits_keep_the_masks(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "small.xml"
    said = export_openvino(made.source, path, made.frames, made.frames)
    assert said.dice >= agreement.LEAST["int8"]
    assert "i8" in path.read_text()  # some of its numbers are 8-bit integers
    export_openvino(made.source, tmp_path / "large.xml", made.frames)
    sizes = [(tmp_path / name).stat().st_size for name in ("small.bin", "large.bin")]
    assert sizes[0] < 0.5 * sizes[1]


@pytest.mark.slow
@pytest.mark.parametrize("made", ["rpa_apf"], indirect=True)
def test_eight_bits_leave_no_transposed_convolution(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenVINO would compute them in float32.
    monkeypatch.setitem(agreement.LEAST, "int8", 0.0)
    export_openvino(made.source, tmp_path / "large.xml", made.frames)
    export_openvino(made.source, tmp_path / "small.xml", made.frames, made.frames)
    texts = [(tmp_path / name).read_text() for name in ("large.xml", "small.xml")]
    assert ["ConvolutionBackpropData" in text for text in texts] == [True, False]


def test_a_file_that_does_not_agree_is_not_written(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.onnx"
    path.write_text("an earlier export")
    monkeypatch.setitem(agreement.LEAST, "fp32", 1.1)
    with pytest.raises(InputError, match=r"not written: its masks have a mean Dice of"):
        export_onnx(made.source, path, made.frames)
    assert [each.name for each in tmp_path.iterdir()] == ["a.onnx"]
    assert path.read_text() == "an earlier export"


def test_agreement_is_that_of_masks_worked_out_by_hand() -> None:
    def engine(left: int) -> "Squares":
        return Squares(left)

    frames: Iterator[NDArray[np.uint8]] = iter([np.zeros((40, 40), np.uint8)] * 2)
    found = agreement.measure(engine(10), engine(15), frames, RULE)
    # Two squares of 10 x 10 that share 5 columns.
    np.testing.assert_allclose(found, (0.5, 0.5, 0.9, 2))


class Squares:
    """Outlines a square of 10 x 10 pixels whose first column is `left`."""

    def __init__(self, left: int) -> None:
        self._left = left

    def __call__(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = np.zeros(frames.shape, np.float32)
        found[:, :10, self._left : self._left + 10] = 0.9
        return found


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.onnx", None, "not found; write it with"),
        ("a.onnx", b"no model", "not readable as an exported model"),
        ("a.xml", b"<net>", "not readable as an exported model"),
        ("a.safetensors", b"", "not an exported model; give a file"),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        open_engine(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
