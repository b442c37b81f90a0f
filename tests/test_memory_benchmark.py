"""The memory of an update is counted on tensors without values, with the sizes of real ones."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks import memory
from benchmarks.steps import RATE, batch_of, engine_of

from nerveseg.models.complexity import ADAM_MOMENTS, LiveBytes
from nerveseg.models.factory import build

SIZE, FRAMES = 64, 2
SMALL: dict[str, Any] = {"width": 16}


@pytest.mark.parametrize("recompute", [False, True])
def test_tensors_without_values_count_as_much_as_real_ones(recompute: bool) -> None:
    network = build("unet", 1, **SMALL).to(memory_format=torch.channels_last)
    weights = sum(each.nbytes for each in network.parameters())
    buffers = sum(each.nbytes for each in network.buffers())
    options: dict[str, Any] = {"compiled": False, "recompute": recompute}
    with LiveBytes() as live:
        engine = engine_of(network, torch.device("cpu"), torch.bfloat16, FRAMES, **options)
        batch = batch_of(FRAMES, SIZE)
        engine.train_step([batch, batch], RATE)
    real = weights * (1 + ADAM_MOMENTS) + buffers + live.peak
    counted = memory.peak_of("unet", FRAMES, SIZE, recompute=recompute, width=16)
    assert counted == pytest.approx(real, rel=0.05)


def test_recomputing_needs_much_less_of_a_u_net() -> None:
    kept, recomputed = (
        memory.peak_of("unet", 4, 128, recompute=each, width=4) for each in (False, True)
    )
    assert recomputed < 0.6 * kept


def test_the_largest_batch_fills_the_usable_part_of_a_card() -> None:
    # 1 GiB and .5 GiB per frame: 24 * .9 = 21.6 = 1 + 41.2 / 2.
    peaks = {8: 5 * memory.GIB, 16: 9 * memory.GIB}
    assert memory.largest_batch(peaks, 24) == 41
    assert memory.largest_batch(peaks, 1) == 0


def test_the_table_has_a_row_per_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "memory.json"
    arguments = ["--networks", "unet", "--width", "4", "--size", "128", "--batch", "2"]
    monkeypatch.setattr("sys.argv", ["memory", *arguments, "--out", str(out)])
    memory.main()
    report = json.loads(out.read_text())
    row = report["networks"]["unet"]
    assert 0 < row["recomputed_peak_gib"] < row["kept_peak_gib"]
    assert 0 < row["kept_largest_batch_24"] < row["recomputed_largest_batch_24"]
    assert row["measured_before_gib"] is None  # another size
    assert memory.table_of(report) in capsys.readouterr().out
