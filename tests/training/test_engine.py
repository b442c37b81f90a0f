"""The memory format of a network, and one update of its weights."""

from typing import Literal

import pytest
import torch
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.device import memory_format_for
from nerveseg.models.factory import build
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("width", "device", "memory_format"),
    [
        (8, "cpu", torch.contiguous_format),
        (16, "cpu", torch.channels_last),
        (8, "cuda", torch.channels_last),
    ],
)
def test_narrow_strided_convolutions_are_kept_from_channels_last_on_a_cpu(
    width: int, device: str, memory_format: torch.memory_format
) -> None:
    network = build("baseline", 1, width=width, encoder_weights="none")
    assert memory_format_for(network, torch.device(device)) == memory_format


@pytest.mark.parametrize(
    ("optimizer", "theirs"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)]
)
def test_an_update_is_the_optimizer_s_on_the_mean_loss(
    optimizer: Literal["adam", "adamw"], theirs: type[torch.optim.Adam]
) -> None:
    torch.manual_seed(0)
    ours, plain = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1)
    plain.load_state_dict(ours.state_dict())
    images = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    masks = (images > 128).to(torch.uint8)
    engine = Engine(
        ours,
        1,
        dtype=torch.float32,
        weight_decay=0.1,
        world=World(0, 1, CPU),
        frames=3,
        optimizer=optimizer,
    )
    engine.train_step([Batch(images, masks, torch.full((3,), 1 / 3))], 0.01)
    logits = plain((images[:, None] / 255 - 0.449) / 0.226)[:, 0]
    probability, truth = logits.sigmoid(), masks.float()
    dice = 1 - 2 * (probability * truth).sum() / (probability**2 + truth).sum()
    expected = nn.functional.binary_cross_entropy(probability, truth) + dice
    optimiser = theirs(plain.parameters(), 0.01, weight_decay=0.1)
    expected.backward()
    optimiser.step()
    assert engine.take_loss() == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(ours.state_dict(), plain.state_dict(), rtol=1e-4, atol=1e-6)
    assert engine.take_loss() == 0
