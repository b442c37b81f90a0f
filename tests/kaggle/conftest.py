"""A small competition, a stand-in that serves it, and credentials that only the stand-in knows."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from server import KEY, USER, Kaggle, serving

from nerveseg import rle

MASK = np.zeros(rle.IMAGE_SHAPE, np.uint8)
MASK[100:180, 200:300] = 1


def competition(masks: dict[str, np.ndarray], table: list[str]) -> bytes:
    """Return an archive of two training and two test images, padded to more than 2 MB."""
    random = np.random.default_rng(1)
    frames = {
        f"train/1_{i}.tif": random.integers(0, 255, rle.IMAGE_SHAPE, np.uint8) for i in (1, 2)
    }
    frames |= {f"test/{i}.tif": random.integers(0, 255, rle.IMAGE_SHAPE, np.uint8) for i in (1, 2)}
    frames |= {f"train/{name}_mask.tif": mask * 255 for name, mask in masks.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, frame in frames.items():
            image = io.BytesIO()
            tifffile.imwrite(image, frame, compression="lzw")
            archive.writestr(name, image.getvalue())
        archive.writestr("train_masks.csv", "\n".join(["subject,img,pixels", *table, ""]))
        archive.writestr("sample_submission.csv", "img,pixels\n1,1 1\n2,1 1\n")
        archive.writestr("padding.bin", random.bytes(2_000_000))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def archive() -> bytes:
    masks = {"1_1": MASK, "1_2": np.zeros_like(MASK)}
    return competition(masks, [f"1,1,{rle.encode(MASK)}", "1,2,"])


@pytest.fixture
def contradictory_archive() -> bytes:
    """Return an archive with correct checksums whose first mask differs from its row."""
    masks = {"1_1": np.roll(MASK, 1), "1_2": np.zeros_like(MASK)}
    return competition(masks, [f"1,1,{rle.encode(MASK)}", "1,2,"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home folder, so that no real credentials are found."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(folder / ".kaggle"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return folder


@pytest.fixture
def kaggle(archive: bytes, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kaggle]:
    """Serve the competition to this test's clients, who have credentials."""
    state = Kaggle(archive)
    monkeypatch.setenv("KAGGLE_USERNAME", USER)
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    with serving(state) as port:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        yield state
