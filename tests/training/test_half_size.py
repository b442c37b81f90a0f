"""The first epochs on frames of half height and width: the same frames, later at the full size."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pytest
import runs
import torch
from pydantic import ValidationError
from tiny_training import SIZE, settings
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.data.input_normalisation import to_input
from nerveseg.errors import InputError
from nerveseg.training import engine
from nerveseg.training.cuda_graph import GraphedForwardBackward
from nerveseg.training.half_size import check_half_size, halved
from nerveseg.training.losses import Objective
from nerveseg.training.soft_outline import soft_outline


def test_a_halved_frame_is_that_of_opencv_s_area_interpolation() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 18), np.uint8)
    found = halved(torch.from_numpy(images)).numpy()
    for half, image in zip(found, images.astype(np.float32), strict=True):
        expected = cv2.resize(image, (9, 6), interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(half, expected, rtol=1e-6)


def test_the_loss_of_small_logits_is_that_of_the_halved_soft_target() -> None:
    objective = Objective({"cross_entropy": 1.0, "dice": 1.0}, outline=2)
    masks = (torch.rand(3, 16, 24) > 0.7).to(torch.uint8)
    logits = torch.randn(3, 1, 8, 12)
    target = halved(soft_outline(masks.float(), 2))
    assert target.sum().item() == pytest.approx(soft_outline(masks.float(), 2).sum().item() / 4)
    expected = objective._replace(outline=0).frame_losses(logits, target)
    torch.testing.assert_close(objective.frame_losses(logits, masks), expected)


def test_the_first_epochs_see_the_same_frames_at_half_size(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Tensor] = []

    def seeing(images: Tensor, channels: int) -> Tensor:
        seen.append(images.clone())
        return to_input(images, channels)

    monkeypatch.setattr(engine, "to_input", seeing)
    runs.train(workspace, settings(epochs=3))
    full, seen = seen, []
    runs.train(workspace, settings(epochs=3, half_size=2))
    assert len(full) == len(seen) > 3
    assert len(full) % 3 == 0
    small = 2 * len(full) // 3
    for number, (whole, given) in enumerate(zip(full, seen, strict=True)):
        assert whole.shape[1:] == (SIZE, SIZE)
        assert torch.equal(halved(whole) if number < small else whole, given)


def test_a_graph_is_captured_for_each_size_of_frames_and_only_then() -> None:
    captured, replayed, alone = [], [], []

    class Recorded(GraphedForwardBackward):
        def _capture(self, batch: Batch) -> None:
            assert self._graph is None
            self._batch = Batch(*(value.clone() for value in batch))
            self._loss = torch.zeros(())
            captured.append(tuple(batch.images.shape))
            graph = SimpleNamespace(replay=lambda: replayed.append(self._batch.images.sum()))
            self._graph = cast("torch.cuda.CUDAGraph", graph)

    def compute(batch: Batch) -> Tensor:
        alone.append(len(batch.images))
        return torch.zeros(())

    run = Recorded(compute, nn.Linear(1, 1), 4, torch.default_generator)
    for frames, size in [(4, 8), (4, 8), (3, 8), (4, 16), (4, 16)]:
        batch = Batch(
            torch.rand(frames, size, size), torch.zeros(frames, 16, 16), torch.ones(frames)
        )
        run(batch)
        if frames == 4:
            assert replayed[-1] == batch.images.sum()
    assert captured == [(4, 8, 8), (4, 16, 16)]
    assert (len(replayed), alone) == (4, [3])


@pytest.mark.parametrize("shape", [(65, 96), (64, 97), (30, 96), (64, 16)])
def test_frames_that_cannot_be_halved_are_refused(shape: tuple[int, int]) -> None:
    check_half_size(0, shape)
    check_half_size(1, (32, 96))
    with pytest.raises(InputError, match=f"{shape[0]} x {shape[1]} cannot be halved: give pack"):
        check_half_size(1, shape)


def test_at_least_one_epoch_is_at_the_full_size() -> None:
    with pytest.raises(ValidationError, match="half_size 2 leaves none of 2 epochs at the full"):
        settings(epochs=2, half_size=2)
