"""The loop that a newcomer would write, on segmentation_models_pytorch: the bar to clear.

python -m benchmarks.plain_loop DATA trains it on the frames DATA/packed of the pipeline's folder
`data`, with the split DATA/split.csv, and scores it like a run. It flips horizontally, and that is
all: no other augmentation, no balanced sampling, no views at test time. In a comparison of settings
(`python -m benchmarks.settings`), the run `plain_loop` stands beside the others.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import segmentation_models_pytorch as smp
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nerveseg.atomic import whole_file
from nerveseg.data.packed import TEST_TABLE, Packed, read_test
from nerveseg.data.split_table import read_split, rows_of
from nerveseg.device import pick_device
from nerveseg.errors import run
from nerveseg.evaluation.baselines import read_baselines
from nerveseg.evaluation.frame_scores import score_frames
from nerveseg.evaluation.run_scores import leaderboard_scores, write_scores
from nerveseg.evaluation.validation_set import open_validation
from nerveseg.evaluation.verdict import judge
from nerveseg.inference.decision_file import fixed_decision
from nerveseg.inference.encode import encode_test, encode_valid
from nerveseg.inference.resize_logits import resize_logits
from nerveseg.inference.rule import Rule
from nerveseg.maps import MapWriter, quantise
from nerveseg.params.section import read
from nerveseg.params.train import TrainParams
from nerveseg.rle import IMAGE_SHAPE

NAME: Final = "plain_loop"
EPOCHS: Final = 24
BATCH: Final = 8
RULES: Final[Any] = {"threshold": 0.5, "min_blob": 0, "min_total": 2000}
"""Its section `encode`."""
LEVEL: Final = 0.95
"""Of the intervals that compare it with the baselines."""


def new_network() -> nn.Module:
    """Return the network without weights from elsewhere."""
    network: nn.Module = smp.Unet("resnet18", encoder_weights=None, in_channels=1)
    return network


def train(packed: Packed, rows: NDArray[np.int64], epochs: int, seed: int) -> nn.Module:
    """Return the network trained on the frames `rows`, in float32 on any device."""
    torch.manual_seed(seed)
    device = pick_device()
    network = new_network().to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    steps = epochs * max(1, len(rows) // BATCH)
    decay = torch.optim.lr_scheduler.PolynomialLR(optimiser, steps, power=0.9)
    dice, cross_entropy = smp.losses.DiceLoss("binary"), smp.losses.SoftBCEWithLogitsLoss()
    for images, masks in _batches(packed, rows, epochs, seed):
        logits, targets = network(images.to(device)), masks.to(device)
        loss = dice(logits, targets) + cross_entropy(logits, targets)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        decay.step()
    return network


def _batches(
    packed: Packed, rows: NDArray[np.int64], epochs: int, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    chance = np.random.default_rng(seed)
    for _ in range(epochs):
        order = chance.permutation(rows)
        for start in range(0, max(1, len(order) - BATCH + 1), BATCH):
            batch = order[start : start + BATCH]
            images, masks = _floats(packed.train_images[batch]), packed.train_masks[batch]
            both = torch.stack([images, torch.from_numpy(masks).float().unsqueeze(1)])
            flipped = torch.from_numpy(chance.random(len(batch)) < 0.5).view(1, -1, 1, 1, 1)  # noqa: PLR2004
            images, targets = torch.where(flipped, both.flip(-1), both)
            yield images, targets


def _floats(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.array(images)).float().unsqueeze(1) / 255


def write_maps(network: nn.Module, images: NDArray[np.uint8], path: Path) -> None:
    """Write the prediction maps of `images`, N x H x W uint8, as the stage predict does."""
    device = pick_device()
    network = network.to(device).eval()
    with MapWriter(path, len(images)) as writer, torch.inference_mode():
        for start in range(0, len(images), BATCH):
            logits = network(_floats(images[start : start + BATCH]).to(device))[:, 0]
            for logit in logits.cpu().numpy():
                writer.write(quantise(resize_logits(logit, IMAGE_SHAPE)))


def train_stage() -> None:
    """Do what the stage train does, by this loop, in the current folder."""
    params = read("train", TrainParams)
    rows = rows_of(read_split(Path("data/split.csv")), "train")
    network = train(Packed.open(Path("data/packed")), rows, params.epochs, params.seed)
    with whole_file(_WEIGHTS) as new:
        save_file(network.state_dict(), new)


def predict_stage() -> None:
    """Do what the stage predict does, in the current folder."""
    network = new_network()
    network.load_state_dict(load_file(_WEIGHTS))
    predict(network, Path("data"), Path(f"data/predictions/{NAME}"))


def predict(network: nn.Module, data: Path, folder: Path) -> None:
    """Write the maps of the validation and test frames of `data` to `folder`."""
    packed = Packed.open(data / "packed")
    valid = rows_of(read_split(data / "split.csv"), "valid")
    write_maps(network, packed.train_images[valid], folder / "valid.b2nd")
    write_maps(network, packed.test_images, folder / "test.b2nd")


class LoopStage(NamedTuple):
    """A stage of this loop, in the place of the pipeline's stage of the same name.

    Attributes:
        command: does its work in the current folder.
        params: dotted keys of the parameters that it reads.
        deps: files that it reads.
        outs: files that it writes.
    """

    command: Callable[[], None]
    params: list[str]
    deps: list[str]
    outs: list[str]


_WEIGHTS: Final = Path(f"data/models/{NAME}/weights.safetensors")
_CODE: Final = f"data/.code/{NAME}/{NAME}.json"
_FRAMES: Final = [
    "data/packed/train.csv",
    "data/packed/train_images.npy",
    "data/packed/train_masks.npy",
    "data/packed/test.csv",
    "data/packed/test_images.npy",
    "data/split.csv",
]
STAGES: Final = {
    "train": LoopStage(
        train_stage, ["train.epochs", "train.seed"], [_CODE, *_FRAMES], [str(_WEIGHTS)]
    ),
    "predict": LoopStage(
        predict_stage,
        [],
        [_CODE, *_FRAMES, str(_WEIGHTS)],
        [f"data/predictions/{NAME}/{subset}.b2nd" for subset in ("valid", "test")],
    ),
}


def score(data: Path, out: Path) -> dict[str, float]:
    """Encode and score the maps in `out` as the pipeline does; write everything to `out`."""
    split = data / "split.csv"
    decision = fixed_decision(Rule(name="fixed", **RULES))
    encode_valid(out / "valid.b2nd", read_split(split), out / "masks.csv", decision)
    images = read_test(data / "packed" / TEST_TABLE)
    encode_test(out / "test.b2nd", images, out / "submission.csv", decision)
    boards = leaderboard_scores(out / "submission.csv", data / "verified/solution.csv")
    validation = open_validation(
        data / "packed/train.csv", split, out / "masks.csv", out / "valid.b2nd"
    )
    frames, truths = score_frames(validation), validation.truths
    verdict = judge(frames, read_baselines(data / "baselines"), truths, LEVEL)
    write_scores(out, truths, frames, boards=boards, verdict=verdict, bins=20)
    scores: dict[str, float] = json.loads((out / "scores.json").read_text())
    return scores


def main() -> None:
    """Train, predict, encode and score; print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder `data` of the pipeline")
    parser.add_argument("--out", type=Path, default=Path(NAME), help="maps, masks and scores")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = rows_of(read_split(options.data / "split.csv"), "train")
    packed = Packed.open(options.data / "packed")
    start = time.perf_counter()
    network = train(packed, rows, options.epochs, options.seed)
    seconds = time.perf_counter() - start
    predict(network, options.data, options.out)
    scores = score(options.data, options.out)
    named = ("dice", "dice_nerve", "public", "private")
    shown = [f"{name} {scores[name]:.3f}" for name in named if scores[name] is not None]
    print(f"{NAME}: {', '.join(shown)}; {seconds:.0f} s of training, seed {options.seed}")


if __name__ == "__main__":
    run(main)
