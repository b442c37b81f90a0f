"""Batches of packed frames, loaded in this process or by workers."""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import Batch, FrameBatches, loader, workers_for
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import Draw, EpochSampler
from nerveseg.errors import InputError

FRAMES, SIZE = 12, 32


@pytest.fixture
def batches(tmp_path: Path) -> FrameBatches:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FRAMES, SIZE, SIZE), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "masks.npy", images // 128)
    augmentation = Augmentation(
        ("horizontal", "vertical", "diagonal"), Strengths(15), (SIZE, SIZE), 1
    )
    images, masks = (
        np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("images", "masks")
    )
    return FrameBatches(images, masks, augmentation)


def epochs(batches: FrameBatches, workers: int) -> list[Batch]:
    sampler = EpochSampler(np.arange(FRAMES), np.arange(FRAMES) % 3 == 0, batch=5, seed=2)
    loading = loader(batches, sampler, workers=workers, pin=False)
    seen = []
    for epoch in range(2):
        sampler.start_at(epoch)
        seen += list(loading)
    return seen


def test_the_number_of_workers_changes_nothing(batches: FrameBatches) -> None:
    for one, other in zip(epochs(batches, 0), epochs(batches, 2), strict=True):
        for left, right in zip(one, other, strict=True):
            assert torch.equal(left, right)


def test_batches_are_bytes_and_shares_sum_to_one(batches: FrameBatches) -> None:
    for batch in epochs(batches, 0):
        assert batch.images.dtype == batch.masks.dtype == torch.uint8
        assert batch.images.shape == batch.masks.shape == (len(batch.shares), SIZE, SIZE)
        assert batch.shares.sum().item() == pytest.approx(1.0)


def test_a_frame_drawn_twice_in_an_epoch_is_transformed_in_two_ways(batches: FrameBatches) -> None:
    batch = batches[[Draw(0, 3, 0, 0.5), Draw(0, 3, 1, 0.5)]]
    assert not torch.equal(batch.images[0], batch.images[1])


def test_loading_does_not_advance_the_generator_of_dropout(batches: FrameBatches) -> None:
    before = torch.get_rng_state()
    epochs(batches, 0)
    assert torch.equal(before, torch.get_rng_state())


def test_the_environment_sets_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NERVESEG_WORKERS", "3")
    assert workers_for(torch.device("cpu")) == 3
    monkeypatch.setenv("NERVESEG_WORKERS", "many")
    for wrong in ("many", "-1", "257", "9" * 20, "²"):
        monkeypatch.setenv("NERVESEG_WORKERS", wrong)
        with pytest.raises(InputError, match=r"NERVESEG_WORKERS: .* leave it unset or use 0"):
            workers_for(torch.device("cpu"))
    monkeypatch.delenv("NERVESEG_WORKERS")
    assert workers_for(torch.device("cpu")) == 0


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(("megabytes", "workers"), [(100, 8), (0.3, 2), (0.01, 0)])
def test_there_are_only_as_many_workers_as_fit_in_shared_memory(
    batches: FrameBatches, megabytes: float, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": int(1e6 * megabytes)})
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    sampler = EpochSampler(np.arange(FRAMES), np.arange(FRAMES) % 3 == 0, batch=5, seed=2)
    # Five batches of five frames and masks of 1 KiB each: 51 kB, of half the space.
    assert loader(batches, sampler, workers=8, pin=False).num_workers == workers


class Unsendable(FrameBatches):
    """Yields a batch that cannot be sent to the training process, as if memory were short."""

    def __getitem__(self, draws: Sequence[Draw]) -> Batch:  # noqa: D105
        return Batch(*super().__getitem__(draws)[:2], lambda: None)  # type: ignore[arg-type]


class Dying(FrameBatches):
    """Dies as a process does that writes to shared memory that is full."""

    def __getitem__(self, draws: Sequence[Draw]) -> Batch:  # noqa: D105
        os.kill(os.getpid(), signal.SIGBUS)
        return super().__getitem__(draws)


@pytest.mark.parametrize("kind", [Unsendable, Dying])
def test_a_worker_that_cannot_send_ends_the_training_in_one_line(kind: type[FrameBatches]) -> None:
    frames = np.zeros((FRAMES, SIZE, SIZE), np.uint8)
    sampler = EpochSampler(np.arange(FRAMES), np.arange(FRAMES) % 3 == 0, batch=5, seed=2)
    loading = loader(kind(frames, frames, None), sampler, workers=2, pin=False)
    with pytest.raises(InputError, match=r"process that loads frames ended .*NERVESEG_WORKERS=0"):
        list(loading)
