"""README's commands do what it says: its shell blocks run, in order, in a tiny clone."""

import re

import pytest
from clone import ROOT, Clone

BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
)
COMMANDS = [line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines()]


def test_readme_has_commands_to_run() -> None:
    assert "dvc repro" in COMMANDS
    assert any(command.startswith("dvc exp run") for command in COMMANDS)


@pytest.mark.slow
def test_every_command_of_readme_runs(tiny: Clone) -> None:
    for command in COMMANDS:
        tiny.shell(command)
    assert "threshold" in tiny.dvc("exp", "list", "--name-only")
    assert (tiny.folder / "dvc_plots/index.html").exists()
