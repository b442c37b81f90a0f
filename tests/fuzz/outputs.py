"""Readers of what earlier stages wrote and a disk or a person may have damaged."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from nerveseg import maps
from nerveseg.data import packed
from nerveseg.environment import recorded_environment
from nerveseg.evaluation.baselines import read_baselines
from nerveseg.evaluation.result_files import read_json
from nerveseg.evaluation.summary import read_curves
from nerveseg.models.blocks.pretrained import load_encoder
from nerveseg.models.factory import build
from nerveseg.models.weights import Description, load_weights, save_weights
from nerveseg.pseudo_labels import Origin, PseudoLabels, path_of, read_labels, save_labels
from nerveseg.rle import IMAGE_SHAPE
from nerveseg.training import checkpoint

from .engine import Target
from .files import file_reader

_BASELINES: Final = b"subject,img,all_empty,constant_mask\n1,1,0,0.5\n1,2,1,0\n"
_CURVES: Final = b"epoch,loss,dice\n1,0.5,0.25\n2,0.25,0.5\n"
_SCORES: Final = json.dumps({"dice": 0.5, "public": None, "verdict": "above"}).encode()
_DEEP: Final = (b"[" * 3000, b'{"a":' * 3000, b"null", b"[]", b"{}", b"true")


def targets(folder: Path) -> dict[str, Target]:
    """Return the readers by name; they write their inputs to `folder`."""
    return {
        "maps of a matching checksum": Target(
            _with_checksum(folder / "valid.b2nd"), [_maps(folder)], share=4
        ),
        "maps": Target(file_reader(folder / "valid.b2nd", _read_maps), [_maps(folder)], share=8),
        **_packed(folder / "packed"),
        **_weights(folder),
        "pseudo-labels": _pseudo_labels(folder),
        **_checkpoints(folder),
        **_results(folder),
    }


def _maps(folder: Path) -> bytes:
    path = folder / "seed.b2nd"
    with maps.MapWriter(path, 2) as writer:
        for value in (3, 130):
            codes = np.full(IMAGE_SHAPE, value, np.uint8)
            codes[::9, ::7] = 200
            writer.write(codes)
    return path.read_bytes()[:-12]


def _read_maps(path: Path) -> None:
    for codes in maps.read_maps(path):
        assert codes.shape == IMAGE_SHAPE


def _with_checksum(path: Path) -> Callable[[bytes], object]:
    """Return a reader that sees blosc2's file with the damage, but a checksum that matches."""

    def reader(content: bytes) -> None:
        path.write_bytes(content + struct.pack("<8sI", b"nervecrc", zlib.crc32(content)))
        _read_maps(path)

    return reader


def _packed(folder: Path) -> dict[str, Target]:
    folder.mkdir()
    array = np.zeros((2, 6, 5), np.uint8)
    for name in (packed.TRAIN_IMAGES, packed.TRAIN_MASKS, packed.TEST_IMAGES):
        np.save(folder / name, array)
    (folder / packed.TRAIN_TABLE).write_text("subject,img,pixels\n1,1,\n1,2,\n")
    (folder / packed.TEST_TABLE).write_text("img\n1\n2\n")
    seed = (folder / packed.TEST_IMAGES).read_bytes()
    others = [_saved(np.zeros(2, "<f4")), _saved(np.zeros((2, 6, 5), np.uint16)), _saved({"a": 1})]
    tokens = (b"'|u1'", b"'|O'", b"(2, 6, 5)", b"(", b"True", b"descr", b"(-2, 6, 5)")
    read = file_reader(folder / packed.TEST_IMAGES, lambda _: packed.Packed.open(folder))
    return {"npy": Target(read, [seed, seed, *others], tokens, 8)}


def _saved(value: object) -> bytes:
    content = io.BytesIO()
    np.save(content, np.asarray(value))
    return content.getvalue()


def _weights(folder: Path) -> dict[str, Target]:
    path = folder / "weights.safetensors"
    training: dict[str, object] = {"environment": {"threads": "1"}, "flips": []}
    save_weights(
        path, build("unet", width=4), Description("unet", {"width": 4}, 1, (64, 64), training)
    )
    whole = path.read_bytes()
    length = 8 + int.from_bytes(whole[:8], "little")
    tokens = (b"rpa_apf", b'"F8_E4M3"', b"unet", b'"BOOL"', b'"I64"', b"a.b", *_DEEP)

    def with_length(content: bytes) -> None:
        path.write_bytes(len(content).to_bytes(8, "little") + content + whole[length:])
        load_weights(path)

    def read(content: Path) -> None:
        recorded_environment(content)
        load_weights(content)

    return {
        "weights": Target(file_reader(path, read), [whole], tokens, 2),
        "weights' header": Target(with_length, [whole[8:length]], tokens, 2),
    }


def _pseudo_labels(folder: Path) -> Target:
    path = path_of(folder, 1)
    origin = Origin("unet", 1, "0" * 64, "1" * 64, {"w": "2" * 64}, {"split.seed": 1}, 0.9, 9)
    bits = np.array([[0, 0], [8, 64]], np.uint8)
    img, certainty = np.array([1, 5]), np.array([0.9, 1], np.float32)
    save_labels(path, PseudoLabels(origin, img, bits, certainty, (3, 5)))
    whole = path.read_bytes()

    def read(_: Path) -> None:
        labels = read_labels(folder, 1)
        assert all(labels.mask(index).shape == labels.shape for index in range(len(labels)))

    tokens = (b'"F64"', b'"U8"', b"[2,2]", b'"img"', b"fold", b"9" * 19, *_DEEP)
    return Target(file_reader(path, read), [whole], tokens, 4)


def _checkpoints(folder: Path) -> dict[str, Target]:
    kept = checkpoint.Checkpoints(folder / "checkpoints", 5)
    path = folder / "checkpoints" / checkpoint.FILE
    state = {"epoch": 3, "model": {"a": torch.ones(4), "b": torch.zeros(2, 3)}, "log": [0.5]}
    with kept.locked():
        kept.save(state)
    whole = path.read_bytes()
    pickled = _entry(whole, "data.pkl")

    def load(_: Path) -> None:
        kept.load(torch.device("cpu"))

    def with_pickle(content: bytes) -> None:
        path.write_bytes(_replaced(whole, "data.pkl", content))
        load(path)

    stem, encoder = folder / "encoder.pth", nn.Module()
    encoder.conv1 = nn.Conv2d(1, 64, 1, bias=False)
    torch.save({"conv1.weight": torch.zeros(64, 3, 1, 1)}, stem)
    return {
        "checkpoint": Target(file_reader(path, load), [whole]),
        "checkpoint's pickle": Target(
            with_pickle, [pickled], (b"specs", b"torch\n", b"builtins\n")
        ),
        "pretrained": Target(
            file_reader(stem, lambda path: load_encoder(encoder, str(path))), [stem.read_bytes()]
        ),
    }


def _entry(whole: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return next(archive.read(each) for each in archive.namelist() if each.endswith(name))


def _replaced(whole: bytes, name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(target, "w") as archive:
        for each in source.namelist():
            archive.writestr(each, content if each.endswith(name) else source.read(each))
    return target.getvalue()


def _results(folder: Path) -> dict[str, Target]:
    baselines = folder / "baselines"
    baselines.mkdir()
    frames, scores = baselines / "frames.csv", baselines / "scores.json"
    frames.write_bytes(_BASELINES)
    each = {"dice": 0.5, "public": None}
    document = {"all_empty": each, "constant_mask": each, "training": {"frames": 9, "nerves": 4}}
    sound = json.dumps(document).encode()
    scores.write_bytes(sound)

    def frames_reader(content: bytes) -> None:
        scores.write_bytes(sound)
        frames.write_bytes(content)
        read_baselines(baselines)

    def scores_reader(content: bytes) -> None:
        frames.write_bytes(_BASELINES)
        scores.write_bytes(content)
        read_baselines(baselines)

    curves = file_reader(folder / "unet.csv", lambda _: read_curves(folder, ["unet"]))
    return {
        "baselines' frames": Target(frames_reader, [_BASELINES], (), 5),
        "baselines' scores": Target(scores_reader, [sound], _DEEP, 5),
        "curves": Target(curves, [_CURVES], (b"epoch", b"loss"), 10),
        "scores": Target(
            file_reader(folder / "scores.json", lambda path: read_json(path, "score")),
            [_SCORES],
            _DEEP,
            15,
        ),
    }
