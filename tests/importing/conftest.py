"""A folder as a user may have it."""

from pathlib import Path

import pytest
from own_images import write_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "own")
