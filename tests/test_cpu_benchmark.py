"""The comparisons on a CPU run at tiny sizes, and do without a compiler."""

import numpy as np
import pytest
import torch
from benchmarks.cpu_peers import Peers, rows_of
from benchmarks.inference import map_peers
from benchmarks.side_by_side import Result
from benchmarks.training import step_peers
from torch import nn

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 32, 48), dtype=np.uint8)


def tiny() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))


def both() -> list[Peers]:
    return [
        step_peers("tiny", tiny, (32, 48), bar=1.15),
        map_peers("tiny", tiny, FRAMES, bar=1.5),
    ]


def bars_of(rows: dict[str, Result]) -> dict[str, float]:
    """Return the bar of each row whose speeds were measured."""
    return {name: row["bar"] for name, row in rows.items() if min(row["ours"], row["peer"]) > 0}


def test_without_a_compiler_the_plain_loop_is_the_only_peer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> nn.Module:
        raise RuntimeError("no working C++ compiler\nand more")

    monkeypatch.setattr(torch, "compile", broken)
    threads = torch.get_num_threads()
    step, maps = both()
    rows = rows_of(step, 1, 1, [1, 2]) | rows_of(maps, 1, 1, [1])
    assert bars_of(rows) == {
        "training step, tiny, float32, 1 thread, plain loop": 1.15,
        "training step, tiny, float32, 2 threads, plain loop": 1.15,
        "prediction maps, tiny, float32, 1 thread, plain loop": 1.5,
    }
    line = "training step, tiny: no compiled loop (no working C++ compiler)\n"
    assert capsys.readouterr().out.startswith(line)
    assert torch.get_num_threads() == threads


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the compiler
def test_compiled_loops_are_measured() -> None:
    for each in both():
        assert bars_of(rows_of(each, 1, 1, [1])) == {
            f"{each.name}, float32, 1 thread, plain loop": each.bar,
            f"{each.name}, float32, 1 thread, compiled loop": 1.0,
        }
