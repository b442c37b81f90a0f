"""Maps are coded while the network computes the next batch: same bytes, errors and memory."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nerveseg.errors import InputError
from nerveseg.inference.overlap import overlapped
from nerveseg.inference.predict import Predictor, maps_of, write_maps
from nerveseg.inference.tta import SETS

SECONDS = 20.0


class Doubled(nn.Module):
    """Logits that are twice the image, or NaN from the given batch on."""

    def __init__(self, broken_from: int = 100) -> None:
        super().__init__()
        self.calls, self.broken_from = 0, broken_from

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        return images * (float("nan") if self.calls > self.broken_from else 2.0)


def predictor(overlaps: bool, network: nn.Module) -> Predictor:
    each = Predictor(network, 1, SETS["none"], device=torch.device("cpu"), dtype=torch.float32)
    each.overlaps = overlaps
    return each


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 16, 24), dtype=np.uint8)


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("overlapped")]


def test_the_file_has_the_same_bytes(images: np.ndarray, tmp_path: Path) -> None:
    for overlaps in (True, False):
        maps = maps_of(predictor(overlaps, Doubled()), images, 2)
        write_maps(maps, len(images), tmp_path / str(overlaps))
    assert (tmp_path / "True").read_bytes() == (tmp_path / "False").read_bytes()
    assert threads() == []


def test_an_error_in_the_thread_ends_the_stage_and_leaves_nothing(
    images: np.ndarray, tmp_path: Path
) -> None:
    network = Doubled(broken_from=1)
    with pytest.raises(InputError, match="NaN because its training diverged"):
        write_maps(maps_of(predictor(True, network), images, 2), len(images), tmp_path / "maps")
    assert network.calls <= 3  # of 4 batches
    assert list(tmp_path.iterdir()) == []
    assert threads() == []


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_only_a_gpu_overlaps(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Doubled()
    monkeypatch.setattr(network, "to", lambda *_, **__: network)
    each = Predictor(network, 1, SETS["none"], device=torch.device(device), dtype=torch.float32)
    assert each.overlaps is (device == "cuda")


def test_an_item_is_made_while_the_one_before_is_worked_on() -> None:
    made_next = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        made_next.set()
        yield 1

    def work(item: int) -> bool:
        return item == 1 or made_next.wait(SECONDS)

    assert list(overlapped(items(), work)) == [True, True]


def test_results_come_in_order_and_at_most_two_items_wait() -> None:
    made = 0

    def items() -> Iterator[int]:
        nonlocal made
        while made < 20:
            made += 1
            yield made

    for place, result in enumerate(overlapped(items(), lambda item: -item), start=1):
        assert result == -place
        assert made - place <= 1
    assert made == 20


def test_ctrl_c_ends_the_thread() -> None:
    worked: list[int] = []

    def items() -> Iterator[int]:
        yield from range(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(overlapped(items(), worked.append))
    assert worked in ([0, 1], [0, 1, 2])
    assert threads() == []


def test_a_caller_that_stops_early_ends_the_thread() -> None:
    results = overlapped(iter(range(1000)), lambda item: item)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert threads() == []
