"""How long a profile trains on a GPU, estimated without one: python -m benchmarks.hours PROFILE.

Bfloat16 updates of each run are counted on the CPU: arithmetic and memory traffic of every
operation, as in `benchmarks.roofline`. A GPU of the given speeds needs at least the time of the
larger of the two for each operation. The frames have an eighth of the profile's height and width;
what grows with their number is taken to grow with the pixels, and the rest, such as the optimiser's
traffic, not to grow. `--share` says which part of that roof is expected to be reached. Validation,
prediction and start-up are not counted.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Final, NamedTuple

import torch
from benchmarks.roofline import Ceilings, Tally
from benchmarks.steps import RATE, engine_of
from benchmarks.traffic import CudaCasts
from dvc.utils.hydra import apply_overrides
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.models.factory import build
from nerveseg.params.data import PackParams, SplitParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams, Run, TrainParams
from nerveseg.params.trainings import TrainingsParams

SMALLER: Final = 8
FEW, MANY = 2, 4
KAGGLE: Final = 5635
"""Training frames of the competition."""


class Estimate(NamedTuple):
    """The least time of one run on the GPU.

    Attributes:
        run: its name.
        updates: of all its trainings.
        milliseconds: of an update, at the roof.
        hours: of all updates, at the roof.
    """

    run: str
    updates: int
    milliseconds: float
    hours: float


def estimates(params: Path, ceilings: Ceilings, frames: int) -> Iterator[Estimate]:
    """Yield what each run of a file of parameters needs.

    Args:
        params: the file.
        ceilings: the speeds of the GPU.
        frames: frames of the training set, all folds together.
    """
    train, split = read("train", TrainParams, params), read("split", SplitParams, params)
    trainings = 1 + len(read("trainings", TrainingsParams, params).names())
    of_training = frames * (split.folds - 1) // split.folds
    updates = trainings * train.epochs * -(-of_training // train.batch)
    height, width = read("pack", PackParams, params).shape
    for name, run in read("models", ModelsParams, params).runs().items():
        seconds = _seconds_of_an_update(run, (height, width), train.batch, ceilings)
        yield Estimate(name, updates, 1000 * seconds, updates * seconds / 3600)


def _seconds_of_an_update(
    run: Run, shape: tuple[int, int], batch: int, ceilings: Ceilings
) -> float:
    # The weights' values do not matter, and pretrained ones may not be at hand.
    options = {key: "none" if key == "encoder_weights" else run.options[key] for key in run.options}
    network = build(run.network, 1, **options)
    few, many = (_roof(network, frames, shape, ceilings) for frames in (FEW, MANY))
    of_a_frame = (many - few) / (MANY - FEW)
    return few - FEW * of_a_frame + batch * of_a_frame * SMALLER**2


def _roof(network: nn.Module, frames: int, shape: tuple[int, int], ceilings: Ceilings) -> float:
    """Return the least seconds of an update on so many small frames."""
    engine = engine_of(network, torch.device("cpu"), torch.bfloat16, frames, compiled=False)
    small = tuple(side // SMALLER for side in shape)
    images = torch.randint(0, 256, (frames, *small), dtype=torch.uint8)
    batch = Batch(images, images % 2, torch.full((frames,), 1 / frames))
    with CudaCasts(), Tally(ceilings) as tally:
        engine.train_step([batch], RATE)
    return tally.seconds


def main() -> None:
    """Print a table of all runs of a profile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--teraflops", type=float, default=600, help="of large bf16 products")
    parser.add_argument("--terabytes", type=float, default=2.5, help="a second, of large copies")
    parser.add_argument("--share", type=float, default=0.4, help="of the roof that is reached")
    parser.add_argument("--frames", type=int, default=KAGGLE)
    given = parser.parse_args()
    ceilings = Ceilings(given.teraflops * 1e12, given.terabytes * 1e12)
    with tempfile.TemporaryDirectory() as folder:
        params = Path(copy("params.yaml", folder))
        apply_overrides(params, given.profile.read_text().split()[1::2])
        found = list(estimates(params, ceilings, given.frames))
    print("| run | updates | ms an update, at the roof | hours, at the roof | hours, expected |")
    print("|---|--:|--:|--:|--:|")
    for run, updates, milliseconds, hours in found:
        expected = hours / given.share
        print(f"| {run} | {updates} | {milliseconds:.1f} | {hours:.2f} | {expected:.1f} |")
    total = sum(each.hours for each in found)
    print(f"| all | {sum(e.updates for e in found)} | | {total:.2f} | {total / given.share:.1f} |")


if __name__ == "__main__":
    main()
