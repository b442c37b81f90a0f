"""The parameters of a profile, such as profiles/paper, as a file."""

from pathlib import Path
from shutil import copy
from typing import Final

from dvc.utils.hydra import apply_overrides

PARAMS: Final = Path(__file__).resolve().parents[1] / "params.yaml"


def write_params(folder: Path, profile: Path) -> Path:
    """Write params.yaml with the overrides of a profile into `folder`; return its path.

    Args:
        folder: where it is written, in the place of one that is there.
        profile: file of pairs `-S KEY=VALUE`.
    """
    path = Path(copy(PARAMS, folder))
    apply_overrides(path, profile.read_text().split()[1::2])
    return path
