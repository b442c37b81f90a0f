"""Progress: one live line on a terminal, and plain lines elsewhere."""

import io
import logging
import sys

import pytest
from tiny_training import settings

from nerveseg.errors import InputError
from nerveseg.training.progress import Progress, log_level


class Terminal(io.StringIO):
    """Records the writes of a live line, like a terminal."""

    def isatty(self) -> bool:
        return True


def run(shown: bool = True) -> None:
    with Progress("unet", settings(epochs=3, batch=4), 5, 5, shown) as progress:
        for iteration in range(6, 11):
            progress.step(iteration, 0.5, 1e-3)
        progress.epoch(1, {"train/loss": 0.5, "train/rate": 1e-3})


def test_without_a_terminal_an_epoch_is_one_plain_line(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        run()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("unet 2/3: train/loss 0.5, train/rate 0.001, ")
    assert "img/s" in line
    assert line.endswith(" left")
    assert capsys.readouterr().err == ""


def test_on_a_terminal_one_line_says_epoch_loss_rate_speed_and_time_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with caplog.at_level(logging.INFO):
        run()
    line = terminal.getvalue().split("\r")[-1]
    assert "\n" not in line.rstrip("\n")
    for part in ("unet 2/3", " 67%", "img/s", "left", "loss 0.5000", "rate 1.00e-03"):
        assert part in line
    assert not caplog.records


def test_other_processes_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(shown=False)
    assert not caplog.records


@pytest.mark.parametrize(
    ("text", "level"), [("info", logging.INFO), ("", logging.INFO), ("Warning", logging.WARNING)]
)
def test_the_level_of_the_log_may_be_empty_and_in_any_case(
    text: str, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NERVESEG_LOG_LEVEL", text)
    assert log_level() == level
    monkeypatch.setenv("NERVESEG_LOG_LEVEL", "loud")
    with pytest.raises(InputError, match="'loud' is not a level; use one of"):
        log_level()
