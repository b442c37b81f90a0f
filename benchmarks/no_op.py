"""`dvc repro` with nothing to do, compared with the same graph of empty commands.

python -m benchmarks.no_op [FOLDER] measures the finished pipeline in FOLDER (default: this one).
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.side_by_side import Result, compare, print_table
from ruamel.yaml import YAML

from nerveseg.errors import InputError, run

ROOT: Final = Path(__file__).parents[1]
DVC: Final = (str(Path(sys.executable).with_name("dvc")),)
BAR: Final = 1 / 1.3
"""Ours may take 1.3 times as long."""


def measure(folder: Path = ROOT) -> dict[str, Result]:
    """Return the comparison.

    Args:
        folder: a repository whose pipeline has run.

    Raises:
        InputError: `dvc repro` would run a stage there.
    """
    if subprocess.run((*DVC, "status", "-q", "dvc.yaml"), cwd=folder, check=False).returncode:
        raise InputError(f"{folder}: the pipeline is not up to date; run dvc repro first")
    with tempfile.TemporaryDirectory() as name:
        twin = Path(name)
        _write_twin(folder, twin)
        _repro(twin)
        return {
            "dvc repro with nothing to do, empty commands": compare(
                lambda _: _repro(folder), lambda _: _repro(twin), [0], unit="runs/s", bar=BAR
            )
        }


def _write_twin(folder: Path, twin: Path) -> None:
    """Write a repository of the same stages, parameters and files, whose commands only write."""
    for name in ("params.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(folder / name, twin / name)
    for name in ("src/nerveseg", "stages"):
        shutil.copytree(folder / name, twin / name, ignore=shutil.ignore_patterns("__pycache__"))
    (twin / ".dvc").mkdir()
    (twin / ".dvc/config").write_text("[core]\n    no_scm = True\n    analytics = False\n")
    yaml = YAML()
    document = yaml.load(folder / "dvc.yaml")
    code = [
        str(path.relative_to(folder)) for path in sorted((folder / "data/.code").rglob("*.json"))
    ]
    for stage in document["stages"].values():
        _empty(stage.get("do", stage), code)
    yaml.dump(document, twin / "dvc.yaml")


def _empty(stage: dict[str, Any], code: list[str]) -> None:
    """Replace a stage's command by one that writes its outputs, among them the files `code`."""
    outs = [out for kind in ("outs", "metrics", "plots") for out in stage.get(kind, [])]
    paths = [out if isinstance(out, str) else next(iter(out)) for out in outs]
    files = [path for path in paths if Path(path).suffix]
    if "data/.code" in paths:
        files += code
    folders = " ".join(sorted({str(Path(file).parent) for file in files}))
    stage["cmd"] = f"mkdir -p {folders} && for f in {' '.join(files)}; do echo 1 > $f; done"


def _repro(folder: Path) -> None:
    done = subprocess.run((*DVC, "repro"), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"{folder}: dvc repro failed: {done.stderr[-500:]}")


if __name__ == "__main__":
    run(lambda: print_table(measure(Path(sys.argv[1]) if sys.argv[1:] else ROOT)))
