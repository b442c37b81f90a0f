"""One process of a training by `torchrun`: python one_of_several.py FOLDER ACCUMULATION."""

import sys
from pathlib import Path

import numpy as np
import torch
from tiny_training import settings
from torch import nn

from nerveseg.data.augment import Augmentation
from nerveseg.data.dataset import FrameBatches, loader
from nerveseg.data.sampler import EpochSampler, Portion
from nerveseg.training.checkpoint import Checkpoints
from nerveseg.training.engine import Engine
from nerveseg.training.loop import fit
from nerveseg.training.validation import validate
from nerveseg.training.world import World, world

# Two batches of 8 and a last one of 1: then one process has nothing of its own.
FRAMES, SIZE = 17, 16


def network() -> nn.Module:
    """Return a network without batch normalisation, the same in every process."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.GroupNorm(2, 6),
        nn.ReLU(),
        nn.Conv2d(6, 1, 3, padding=1),
    )


def train(folder: Path, accumulation: int, here: World) -> dict[str, torch.Tensor]:
    """Train three epochs with this process's part; return the weights and the last point."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FRAMES, SIZE, SIZE), dtype=np.uint8)
    masks = (images > 160).astype(np.uint8)
    params = settings(epochs=3, batch=8, accumulation=accumulation, learning_rate=1e-2)
    engine = Engine(
        network(), 1, dtype=torch.float32, weight_decay=1e-3, world=here, frames=8 // here.size
    )
    rows = np.arange(FRAMES)
    portion = Portion(here.rank, here.size, accumulation)
    sampler = EpochSampler(rows, rows % 3 == 0, batch=8, seed=1, portion=portion)
    change = Augmentation(params.flips, params.rotation, (SIZE, SIZE), 1)
    history = fit(
        engine,
        loader(FrameBatches(images, masks, change), sampler, workers=0, pin=False),
        sampler,
        lambda: validate(
            engine.network,
            images,
            masks,
            rows,
            channels=1,
            batch=4,
            dtype=torch.float32,
            world=here,
        ),
        name="small",
        params=params,
        checkpoints=Checkpoints(folder, 5),
        world=here,
    )
    points = {key: torch.tensor(value) for key, value in history[-1].items()}
    return {**engine.network.state_dict(), **points}


if __name__ == "__main__":
    with world() as this:
        folder = Path(sys.argv[1])
        state = train(folder, int(sys.argv[2]), this)
        torch.save(state, folder / f"weights-{this.rank}.pt")
