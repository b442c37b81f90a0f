"""Batches of packed frames, loaded in this process or by workers."""

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
    with pytest.raises(InputError, match="NERVESEG_WORKERS: 'many' is not a whole number"):
        workers_for(torch.device("cpu"))
    monkeypatch.delenv("NERVESEG_WORKERS")
    assert workers_for(torch.device("cpu")) == 0
