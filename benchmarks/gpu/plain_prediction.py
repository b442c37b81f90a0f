"""The stage predict as a newcomer would write it: float32, one batch and one view after another."""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nerveseg.data.input_normalisation import to_input
from nerveseg.data.packed import TEST_IMAGES, open_frames
from nerveseg.inference.resize_logits import resize_logits
from nerveseg.inference.tta import VIEWS
from nerveseg.maps import MapWriter, quantise
from nerveseg.models.weights import load_weights
from nerveseg.rle import IMAGE_SHAPE

SMALLEST: Final = 1e-6
"""The least probability, so that logits are finite."""


def predict_plainly(
    weights: Path, views: int, images: Path, maps: Path, *, batch: int, device: torch.device
) -> None:
    """Write the maps of `images`, averaged over the first so many of `VIEWS`."""
    network = load_weights(weights)[0].to(device).eval()
    frames = open_frames(images)
    with MapWriter(maps, len(frames)) as writer:
        for start in range(0, len(frames), batch):
            for probability in _probabilities(
                network, frames[start : start + batch], views, device
            ):
                logit = np.log(probability / (1 - probability))
                writer.write(quantise(resize_logits(logit, IMAGE_SHAPE)))


def _probabilities(
    network: nn.Module, frames: NDArray[np.uint8], views: int, device: torch.device
) -> NDArray[np.float32]:
    images = to_input(torch.from_numpy(np.array(frames)), 1).to(device)
    maps: list[Tensor] = []
    with torch.no_grad():
        for view in list(VIEWS.values())[:views]:
            maps.append(view.invert(network(view.apply(images)).sigmoid()))  # noqa: PERF401
    mean: NDArray[np.float32] = torch.stack(maps).mean(0)[:, 0].cpu().numpy()
    return mean.clip(SMALLEST, 1 - SMALLEST)


def main() -> None:
    """Predict in the current folder, as the stage predict does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("views", type=int)
    parser.add_argument("batch", type=int)
    parser.add_argument("device", type=torch.device)
    options = parser.parse_args()
    predict_plainly(
        Path("data/models/run/weights.safetensors"),
        options.views,
        Path("data/packed") / TEST_IMAGES,
        Path("plain.b2nd"),
        batch=options.batch,
        device=options.device,
    )


if __name__ == "__main__":
    main()
