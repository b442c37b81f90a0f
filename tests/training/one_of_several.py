"""One process of trainings under `torchrun`: one_of_several.py FOLDER FRAMES NETWORK..."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tiny_training import settings
from torch import nn

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import FrameBatches, loader
from nerveseg.data.random_warp import Strengths
from nerveseg.data.sampler import EpochSampler, Portion
from nerveseg.models.factory import build_empty
from nerveseg.models.registry import LIBRARY
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.distributed import World, process_group
from nerveseg.training.engine import Engine
from nerveseg.training.loop import fit
from nerveseg.training.losses import PAPER, Objective
from nerveseg.training.validation import validate

SMALL = "small"
RECOMPUTED = ", recomputed"
"""Behind the name of a network: recompute its activations."""
SIZE = 64
OPTIONS: dict[str, dict[str, object]] = {
    LIBRARY: {"architecture": "FPN", "encoder": "tu-test_efficientnet"}
}
"""Of a network that has no width: one with layers of timm, which normalise and activate at once."""


def network(name: str) -> nn.Module:
    """Return a network, the same in every process; `SMALL` has no batch normalisation.

    The others compute in float64. If a gradient is 0 apart from rounding (as for a bias before
    batch normalisation), Adam turns it into a step as large as any other.
    """
    torch.manual_seed(0)
    if name != SMALL:
        return InDouble(without_dropout(build_empty(name, 1, OPTIONS.get(name, {"width": 8}))))
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.GroupNorm(2, 6),
        nn.ReLU(),
        nn.Conv2d(6, 1, 3, padding=1),
    )


class InDouble(nn.Module):
    """A network that computes in float64."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, image: torch.Tensor) -> Any:  # noqa: ANN401
        """Return what the network returns."""
        return self.network(image.double())


def without_dropout(network: nn.Module) -> nn.Module:
    """Switch dropout off, because every process draws its own."""
    for module in network.modules():
        if isinstance(module, nn.Dropout2d):
            module.p = 0.0
    return network


def objective_of(name: str) -> Objective:
    """Return the objective of a network's training.

    Dice over the batch is compared for two networks. In some of the others it amplifies rounding,
    so their Dice is that of each frame.
    """
    return PAPER if name in {SMALL, "rpa_apf"} else PAPER.by_frame()


def train(
    name: str,
    folder: Path,
    world: World,
    *,
    frames: int,
    accumulation: int = 1,
    objective: Objective | None = None,
) -> dict[str, torch.Tensor]:
    """Train three epochs as one of the processes; return the weights and the last losses."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (frames, SIZE, SIZE), dtype=np.uint8)
    masks = (images > 160).astype(np.uint8)
    params = settings(epochs=3, batch=8, accumulation=accumulation, learning_rate=1e-3)
    plain = name.removesuffix(RECOMPUTED)
    engine = Engine(
        network(plain),
        1,
        dtype=torch.float32,
        weight_decay=1e-3,
        world=world,
        frames=8 // world.size,
        objective=objective or objective_of(plain),
        recompute=plain != name,
    )
    rows = np.arange(frames)
    portion = Portion(world.rank, world.size, accumulation)
    sampler = EpochSampler(rows, rows % 3 == 0, batch=8, seed=1, portion=portion)
    change = Augmentation(params.flips, Strengths(params.rotation), (SIZE, SIZE), 1)
    history = fit(
        engine,
        loader(FrameBatches(images, masks, change), sampler, workers=0, pin=False),
        sampler,
        lambda network: validate(
            network,
            images,
            masks,
            rows,
            channels=1,
            batch=4,
            dtype=torch.float32,
            world=world,
        ),
        name=name,
        params=params,
        checkpoints=Checkpoints(folder, 5),
        world=world,
    )
    # Dice is not compared: it jumps when a pixel crosses 1/2, however similar the weights are.
    points = {key: torch.tensor(history[-1][key]) for key in ("train/loss", "valid/loss")}
    return {**engine.network.state_dict(), **points}


if __name__ == "__main__":
    with process_group() as world:
        folder, count, *names = sys.argv[1:]
        for each in names:
            state = train(each, Path(folder, each), world, frames=int(count))
            torch.save(state, Path(folder, f"{each}-{world.rank}.pt"))
