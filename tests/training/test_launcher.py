"""What a launcher says in the environment is read or refused in one line."""

import pytest

from nerveseg.errors import InputError
from nerveseg.training.distributed import process_group


@pytest.mark.parametrize("size", ["", "abc", "-1", "0", "1.5", "9" * 30])
def test_an_impossible_number_of_processes_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.setenv("WORLD_SIZE", size)
    with pytest.raises(InputError, match=r"variable WORLD_SIZE is '.*', not a number from 1 on"):
        process_group().__enter__()


def test_several_processes_without_a_launcher_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="WORLD_SIZE is 2, but the processes cannot be joined"):
        process_group().__enter__()
