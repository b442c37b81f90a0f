"""Errors of the user give one line and exit code 1; bugs keep their traceback."""

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
