"""Training and prediction on a GPU at the paper's size, beside plain loops and roofline bounds.

python -m benchmarks.gpu FOLDER measures all networks and writes FOLDER/gpu.json. Every network has
its own process. All of them compile at the same time; then they are measured in turn, each with the
GPU to itself. With --profile NETWORK it lists the kernels of that network's update by time, and
writes FOLDER/profile_NETWORK.json; with --predict it measures the stage predict, and writes
FOLDER/predict.json; with --memory the peak of an update and the largest batches, and writes
FOLDER/memory.json; with --together N it measures N small trainings at once beside one alone, and
writes FOLDER/together.json.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from benchmarks.gpu.kernels import profile_network
from benchmarks.gpu.memory import measure_memory
from benchmarks.gpu.networks import measure_networks
from benchmarks.gpu.one_network import measure_network
from benchmarks.gpu.prediction import measure_prediction
from benchmarks.gpu.together import measure_together

from nerveseg.models.registry import OWN


def main() -> None:
    """Run as the parent process, or as one of the processes that it starts."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    chosen: list[tuple[object, Callable[[argparse.Namespace], None]]] = [
        (options.network, measure_network),
        (options.profile, profile_network),
        (options.predict, measure_prediction),
        (options.memory, measure_memory),
        (options.together, measure_together),
        (True, measure_networks),
    ]
    next(measure for asked, measure in chosen if asked)(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", help="run as the process of this network")
    parser.add_argument("--profile", metavar="NETWORK", help="list its kernels by time")
    parser.add_argument("--predict", action="store_true", help="measure the stage predict")
    parser.add_argument("--memory", action="store_true", help="measure the memory of an update")
    parser.add_argument("--together", type=int, metavar="N", help="measure N trainings at once")
    parser.add_argument("--networks", nargs="*", default=list(OWN))
    cuda = torch.cuda.is_available()
    parser.add_argument("--device", default="cuda" if cuda else "cpu", help="cuda or cpu")
    size = "height and width of the frames: 512, and with --together the default shape"
    parser.add_argument("--size", type=int, help=size)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--frames", type=int, default=6635, help="frames that --predict predicts")
    parser.add_argument(
        "--width", type=int, help="width of the networks, for a trial on a small machine"
    )
    alone = "networks that are also compiled alone, trained for an epoch, and used for prediction"
    parser.add_argument("--alone", nargs="*", default=["rpa_apf", "unet"], help=alone)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument(
        "--limit",
        type=float,
        default=480,
        help="seconds after which the remaining measurements are skipped",
    )
    options = parser.parse_args()
    if options.size is None and not options.together:
        options.size = 512
    return options


if __name__ == "__main__":
    main()
