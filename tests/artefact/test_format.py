"""An artefact is a file of weights that also says how to use them."""

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

import nerveseg
import shared_run
from nerveseg.artefact.format import VERSION, read_artefact, write_artefact
from nerveseg.errors import InputError
from nerveseg.models.weights import load_weights
from shared_run import ARTEFACT, artefact, package, weights

IMAGE = np.random.default_rng(2).integers(0, 256, (40, 50), dtype=np.uint8)


def describe(path: Path, text: str) -> None:
    """Replace what an artefact says about itself."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"]["nerveseg_artefact"] = text
    new = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(new)) + new + content[8 + length :])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_artefact(artefact(tmp_path)) == ARTEFACT
    assert read_artefact(weights(tmp_path)) is None


def test_tensors_and_description_stay_as_they_were(tmp_path: Path) -> None:
    path = artefact(tmp_path)
    network, described = load_weights(path)
    before, _ = load_weights(tmp_path / "weights.safetensors")
    assert described == shared_run.DESCRIBED
    for name, value in before.state_dict().items():
        assert torch.equal(network.state_dict()[name], value)
    with safe_open(path, framework="np") as file:  # the reference reader takes it
        assert set(file.metadata()) == {"nerveseg", "nerveseg_artefact"}


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    first = package(tmp_path).read_bytes()
    assert package(tmp_path).read_bytes() == first


def test_weights_artefact_and_zip_predict_the_same(tmp_path: Path) -> None:
    path = package(tmp_path)
    expected = nerveseg.load(tmp_path / "weights.safetensors", tta="none")(IMAGE)
    for each in (tmp_path / "model.safetensors", path):
        predict = nerveseg.load(each)
        assert np.array_equal(predict(IMAGE), expected)
        assert predict.rule == ARTEFACT.rule
    auto = nerveseg.load(path, tta="auto")(IMAGE)
    assert not np.array_equal(auto, expected), "the caller's views win"


def test_find_gives_a_finding_for_each_image(tmp_path: Path) -> None:
    predict = nerveseg.load(package(tmp_path))
    found = predict.find(np.stack([IMAGE, IMAGE[::-1]]))
    assert [each.mask.shape for each in found] == [(40, 50)] * 2
    [single] = predict.find(IMAGE)
    assert np.array_equal(single.mask, found[0].mask)
    assert single.state == found[0].state


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": VERSION + 1}, "install a newer nerveseg"),
        ({"rule": {"threshold": 2}}, "its description is damaged .*threshold"),
        ({"rule": {"presence": {"kind": "later"}}}, "its description is damaged .*presence"),
        ({"normalisation": {"mean": 0, "deviation": 1}}, "install the nerveseg that it was made"),
        ({"tta": ["sideways"]}, "tta: write one of"),
    ],
)
def test_what_this_version_cannot_use_is_refused(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    document = ARTEFACT.model_dump(mode="json")
    for key, value in changed.items():
        document[key] = document[key] | value if isinstance(value, dict) else value
    path = artefact(tmp_path)
    describe(path, json.dumps(document))
    with pytest.raises(InputError, match=said):
        nerveseg.load(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abc",
        struct.pack("<Q", 1 << 60),
        struct.pack("<Q", 4) + b"[[[[",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 19) + b'{"__metadata__": 1} ',
    ],
)
def test_what_is_no_artefact_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors: not a file of weights"):
        nerveseg.load(path)
    with pytest.raises(InputError, match="not a file of weights"):
        write_artefact(path, ARTEFACT, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_damaged_description_is_one_line(tmp_path: Path) -> None:
    path = artefact(tmp_path)
    describe(path, "{")
    with pytest.raises(InputError, match="its description is damaged"):
        nerveseg.load(path)


def test_a_zip_without_a_model_or_a_damaged_one_is_one_line(tmp_path: Path) -> None:
    path = package(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    with pytest.raises(InputError, match=r"narrow\.nerveseg\.zip: damaged"):
        nerveseg.load(path)
    path.write_bytes(whole.replace(b"safetensors", b"safetensorz"))
    with pytest.raises(InputError, match=r"no model\.safetensors inside"):
        nerveseg.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.safetensors", b"no weights")
    with pytest.raises(InputError, match=r"zip: model\.safetensors: not a file of weights"):
        nerveseg.load(path)


def test_a_zip_that_expands_beyond_the_limit_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = package(tmp_path)
    monkeypatch.setattr("nerveseg.package.MOST_MODEL_BYTES", 1000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(InputError, match="more than the 1,000"):
        nerveseg.load(path)
