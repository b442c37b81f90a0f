"""The command `nerveseg submission`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nerveseg.cli.main import call
from nerveseg.errors import InputError
from nerveseg.rle import IMAGE_SHAPE, encode

ROWS = "img,pixels\n1,\n2,1 4\n3,3 4\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("unet.csv").write_text(ROWS)
    Path("other.csv").write_text("img,pixels\n1,\n2,\n3,3 4\n")
    Path("solution.csv").write_text("img,pixels,Usage\n1,,Public\n2,1 4,Private\n3,,Private\n")
    return tmp_path


@pytest.mark.parametrize("options", [["--count", "3"], ["--sample", "other.csv"]])
@pytest.mark.usefixtures("folder")
def test_a_right_file_is_fine(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call(["submission", "check", "unet.csv", *options])
    assert capsys.readouterr().out == "unet.csv: fine; 3 rows, 2 with a mask\n"


@pytest.mark.usefixtures("folder")
def test_without_options_the_ids_are_the_pipelines_or_else_the_competitions() -> None:
    with pytest.raises(InputError, match="img 4 and 5504 more are missing"):
        call(["submission", "check", "unet.csv"])
    Path("data/packed").mkdir(parents=True)
    Path("data/packed/test.csv").write_text("img\n1\n2\n3\n")
    call(["submission", "check", "unet.csv"])


@pytest.mark.usefixtures("folder")
def test_scores_and_agreement_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    call(["submission", "score", "unet.csv", "solution.csv"])
    assert capsys.readouterr().out.split() == ["public", "1.00000", "private", "0.50000"]
    call(["submission", "agree", "unet.csv", "other.csv"])
    assert capsys.readouterr().out == "0.66667\n"


@pytest.mark.usefixtures("folder")
def test_a_solution_whose_rows_are_all_ignored_scores_nothing() -> None:
    Path("solution.csv").write_text("img,pixels,Usage\n1,,Ignored\n2,,Ignored\n3,,Ignored\n")
    with pytest.raises(InputError, match=r"solution\.csv: no row is Public or Private"):
        call(["submission", "score", "unet.csv", "solution.csv"])


@pytest.mark.usefixtures("folder")
def test_a_score_that_a_slip_explains_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.zeros(IMAGE_SHAPE, dtype=np.uint8)
    mask[100:200, 300:380] = 1
    Path("solution.csv").write_text(f"img,pixels,Usage\n1,{encode(mask)},Public\n")
    Path("unet.csv").write_text(f"img,pixels\n1,{encode(np.ascontiguousarray(mask.T))}\n")
    call(["submission", "score", "unet.csv", "solution.csv"])
    printed = capsys.readouterr()
    assert float(printed.out.split()[1]) < 0.5
    assert printed.err.startswith("warning: unet.csv: line 2 (img 1): the runs lie along rows")


@pytest.mark.usefixtures("folder")
def test_an_impossible_count_is_an_input_error() -> None:
    with pytest.raises(InputError, match="--count 0"):
        call(["submission", "check", "unet.csv", "--count", "0"])


def test_a_bad_file_is_one_line_and_exit_code_1(folder: Path) -> None:
    (folder / "unet.csv").write_text(ROWS.replace("3 4", "3 0"))
    done = subprocess.run(
        [sys.executable, "-m", "nerveseg", "submission", "check", "unet.csv", "--count", "3"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: unet.csv: line 4 (img 3): RLE pair 1 ('3 0'): a run has at least one pixel; "
        "correct the row\n"
    )


def test_no_torch_is_imported() -> None:
    code = (
        "import sys, nerveseg.cli.main, nerveseg.inference.encode, nerveseg.submission.check, "
        "nerveseg.submission.score, "
        "nerveseg.metrics.ranking, nerveseg.metrics.surface; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
