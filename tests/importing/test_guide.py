"""The commands and the Python of the guide do what it says."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from own_images import picture, rectangle, save
from PIL import Image

from nerveseg.cli import main as cli
from nerveseg.importing.masks import filled
from nerveseg.submission.score import read_solution

GUIDE = (Path(__file__).parents[2] / "docs/own-ultrasound.md").read_text()
COMMANDS = re.findall(r"^(nerveseg import .*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_scans() -> None:
    """Write the folder `scans` of the guide."""
    for subject in range(1, 7):
        mask = rectangle(50, 60 + subject, 40, 80) * np.uint8(255)
        save(Path(f"scans/{subject}-1.png"), picture(subject))
        save(Path(f"scans/{subject}-1_mask.png"), mask)


def call(command: str) -> None:
    cli.call(shlex.split(command.replace("\\\n", " "))[1:])


def test_the_first_command_draws_a_sheet_and_then_imports() -> None:
    write_scans()
    call(COMMANDS[0])
    assert [path.name for path in Path().iterdir() if path.name != "scans"] == [
        "scans-archive-sheet.png"
    ]
    call(COMMANDS[0].replace("--dry-run", ""))
    table = re.findall(r"^\| `([\w.]+)/?` \|", GUIDE, re.MULTILINE)
    assert sorted(path.name for path in Path("scans-archive").iterdir()) == sorted(table)


def test_outlines_of_heads_are_filled() -> None:
    for subject in range(3):
        area = rectangle(50, 60, 40, 80)
        line = area - rectangle(51, 61, 38, 78)
        save(Path(f"training_set/{subject:03d}_HC.png"), picture(subject))
        save(Path(f"training_set/{subject:03d}_HC_Annotation.png"), line * np.uint8(255))
        assert (filled(line, "closed") == area).all()
    call(COMMANDS[1])
    (row,) = read_solution(Path("heads/solution.csv")).values()
    assert sum(map(int, row.pixels.split()[1::2])) == 4 * 40 * 80


def test_the_way_back_of_the_guide() -> None:
    write_scans()
    call(COMMANDS[0].replace("--dry-run", ""))
    truth = read_solution(Path("scans-archive/solution.csv"))
    Path("submissions").mkdir()
    rows = "".join(f"{img},{row.pixels}\n" for img, row in truth.items())
    Path("submissions/unet.csv").write_text(f"img,pixels\n{rows}")
    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    names: dict[str, object] = {}
    exec(compile(code, "guide", "exec"), names)
    origin = names["origin"]
    file = Path("scans") / origin.file  # type: ignore[attr-defined]
    mask = np.array(Image.open(file.with_stem(f"{file.stem}_mask")))
    assert (np.array(Image.open("1.png")) == mask).all()


@pytest.mark.parametrize("option", sorted(set(re.findall(r"--[a-z][a-z-]+", GUIDE))))
def test_every_option_of_the_guide_exists(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    cli.call(["import", "--help"])
    cli.call(["train-on", "--help"])
    assert f"  {option} " in capsys.readouterr().out
