"""Pictures are written whole or not at all, whatever the name of the file is."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from nerveseg.image_writer import write_image

PICTURE = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)


@pytest.fixture
def little_room() -> Iterator[None]:
    """Let no file grow beyond 700 bytes, which stands for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "\udcff.png"])
def test_any_name_can_be_written(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / name, PICTURE)
    content = np.frombuffer((tmp_path / name).read_bytes(), np.uint8)
    read = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert read is not None
    assert np.array_equal(read, PICTURE)
    assert os.listdir(tmp_path) == [name]  # noqa: PTH208 (a name that is not UTF-8)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
@pytest.mark.usefixtures("little_room")
def test_a_full_disk_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(OSError, match="File too large"):
        write_image(tmp_path / f"a{suffix}", PICTURE)
    assert list(tmp_path.iterdir()) == []
