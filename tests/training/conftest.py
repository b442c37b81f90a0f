"""A folder to train in."""

from pathlib import Path

import pytest
from tiny_training import write_data


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a new folder with data to train on, where a stage would run."""
    write_data(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("NERVESEG_DEVICE", "cpu")
    monkeypatch.setenv("NERVESEG_CHECKPOINT_MINUTES", "1e-9")
    return tmp_path
