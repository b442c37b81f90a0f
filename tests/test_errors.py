"""Errors of the user give one line and exit code 1; bugs keep their traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nerveseg.errors import InputError, run


def test_an_input_error_is_one_line_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise InputError("a.tif: truncated;\n  fetch it again")

    with pytest.raises(SystemExit) as stop:
        run(main)
    assert stop.value.code == 1
    assert capsys.readouterr().err == "error: a.tif: truncated; fetch it again\n"


def test_a_bug_keeps_its_traceback() -> None:
    def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)


@pytest.mark.parametrize(
    ("stop", "line"),
    [
        (KeyboardInterrupt(), "interrupted\n"),
        (KeyboardInterrupt("all is saved"), "interrupted: all is saved\n"),
    ],
)
def test_ctrl_c_is_one_line(
    capsys: pytest.CaptureFixture[str], stop: KeyboardInterrupt, line: str
) -> None:
    def main() -> None:
        raise stop

    with pytest.raises(SystemExit) as end:
        run(main)
    assert end.value.code == 130
    assert capsys.readouterr().err == line


OF_THE_SYSTEM = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some disk space",
    errno.EACCES: "give yourself the permission",
    errno.EROFS: "can be written to",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EISDIR: "correct the path",
    errno.ENOTDIR: "correct the path",
    errno.ENOENT: "check the path",
    errno.EMFILE: "ulimit -n",
    errno.EIO: "check the disk",
}


@pytest.mark.parametrize("number", OF_THE_SYSTEM, ids=errno.errorcode.get)
@pytest.mark.parametrize("path", ["data/masks/unet.csv", None])
def test_an_error_of_the_system_is_one_line(
    number: int, path: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> None:
        raise OSError(number, os.strerror(number), path)

    with pytest.raises(SystemExit) as stop:
        run(main)
    assert stop.value.code == 1
    start = f"error: {path}: " if path else "error: "
    line = capsys.readouterr().err
    assert line.startswith(start + os.strerror(number) + "; ")
    assert OF_THE_SYSTEM[number] in line
    assert line.count("\n") == 1


def test_an_error_of_the_system_that_is_a_bug_keeps_its_traceback() -> None:
    def main() -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    with pytest.raises(OSError, match="Bad file descriptor"):
        run(main)


PRINTS = "from nerveseg.errors import run; run(lambda: print('x' * 9))"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (f'{{}} -c "{PRINTS}" > /dev/full', 1, "error: No space left on device; free some disk"),
        (f'{{{{ sleep 1; {{}} -c "{PRINTS}"; }}}} | true', 1, "error: standard output was closed"),
        (f'{{}} -c "{PRINTS}" >&-', 0, ""),
        (f'{{}} -c "{PRINTS.replace("print", "int")}" 2>&-', 1, ""),
        (f'{{}} -c "{PRINTS.replace("print", "open")}" 2> /dev/full', 1, ""),
    ],
    ids=["full", "broken pipe", "closed", "closed stderr", "full stderr"],
)
def test_output_that_cannot_be_written_is_at_most_one_line(
    command: str, code: int, said: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.format(sys.executable)],
        cwd=tmp_path,
        # With PYTHONUNBUFFERED, nothing would be left to write at the exit.
        env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == bool(said)


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii"])
def test_a_name_that_cannot_be_shown_is_shown_escaped(encoding: str) -> None:
    program = "from nerveseg.errors import run; run(lambda: print('\\udcff.csv: fine'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\\udcff.csv: fine\n"
