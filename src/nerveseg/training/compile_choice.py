"""`train.compile: auto`: whether torch.compile makes the training at hand shorter.

Compiling makes every update faster, and costs a fixed time first. The speeds below are those of
one run of `python -m benchmarks.gpu` on an H200 at 512 x 512, batch 8 and bf16. Its revision was
an earlier one, whose maps were partly in float32. For any other card, size, batch, width or
option they are an estimate: time per frame is taken to grow with the number of pixels and with
the width. On a slower card an update gains more seconds than that, while compiling takes about as
long.
"""

import logging
from collections.abc import Mapping
from typing import Final, NamedTuple

import torch

from nerveseg.device import working_dtype
from nerveseg.params.train import TrainParams
from nerveseg.training.distributed import World

log = logging.getLogger(__name__)

SIDE: Final = 512
"""Height and width of the frames of `MEASURED`."""


class Speeds(NamedTuple):
    """How fast one network trains.

    Attributes:
        width: its option `width`.
        recorded: frames per second, with the passes recorded as a CUDA graph.
        compiled: the same, compiled first.
        compile_seconds: time to compile, while nine others compiled: an upper bound.
    """

    width: int
    recorded: float
    compiled: float
    compile_seconds: float


MEASURED: Final[Mapping[str, Speeds]] = {
    "baseline": Speeds(64, 591, 713, 58),
    "baseline_rpa": Speeds(64, 555, 678, 75),
    "baseline_apf": Speeds(64, 305, 419, 64),
    "rpa_apf": Speeds(64, 295, 407, 78),
    "unet": Speeds(64, 145, 192, 54),
    "attention_unet": Speeds(64, 121, 171, 68),
    "unetpp": Speeds(32, 95, 98, 82),
    "danet": Speeds(64, 375, 534, 59),
    "cenet": Speeds(64, 531, 651, 71),
    "cpfnet": Speeds(64, 172, 168, 126),
}
"""The networks whose gain has been measured, at their default width."""


class Workload(NamedTuple):
    """What the time of a training depends on, apart from its parameters.

    Attributes:
        network: key of `nerveseg.models.registry.NETWORKS`.
        options: options of the network's class.
        frames: frames of an epoch.
        shape: (height, width) of the frames.
        world: the processes that train together.
    """

    network: str
    options: Mapping[str, object]
    frames: int
    shape: tuple[int, int]
    world: World

    def compiled(self, params: TrainParams, name: str) -> bool:
        """Return whether to compile, and say so and why in a line of the log.

        Args:
            params: the protocol.
            name: name of the run.
        """
        compiled, why = self.choice(params)
        if self.world.first:
            log.info("%s: torch.compile is %s: %s", name, "on" if compiled else "off", why)
        return compiled

    def choice(self, params: TrainParams) -> tuple[bool, str]:
        """Return whether to compile, and why."""
        if params.compile != "auto":
            return params.compile, "as train.compile says"
        if params.recompute:
            return False, "it does not go together with train.recompute"
        if missing := self._unmeasured(working_dtype(params.precision, self.world.device)):
            return False, f"nothing is known of its gain {missing}"
        seconds, saved, cost = self.estimate(params.epochs, params.half_size)
        of = f"{saved / 60:.1f} of {seconds / 60:.1f} min"
        compiling = f"{cost / 60:.1f} min of compiling"
        if saved > cost:
            return True, f"by estimate it saves {of}, for {compiling}"
        return False, f"by estimate it would save {of}, for {compiling}"

    def estimate(self, epochs: int, half_size: int) -> tuple[float, float, float]:
        """Return three times in seconds: training uncompiled, what compiling saves, and costs.

        Args:
            epochs: epochs of the training.
            half_size: first epochs, whose frames have half the height and width.

        Raises:
            KeyError: the network is not one of `MEASURED`.
        """
        speeds = MEASURED[self.network]
        # Frames of half the height and width have a quarter of the pixels.
        frames = self.frames * (epochs - 0.75 * half_size)
        frames *= self.shape[0] * self.shape[1] / SIDE**2
        frames *= float(str(self.options.get("width", speeds.width))) / speeds.width
        saved = frames / speeds.recorded - frames / speeds.compiled
        sizes = 2 if half_size else 1
        return frames / speeds.recorded, saved, sizes * speeds.compile_seconds

    def _unmeasured(self, dtype: torch.dtype) -> str:
        """Return what of this has not been measured, or nothing."""
        kind, processes = self.world.device.type, self.world.size
        reasons = {
            f"on the device {kind}": kind != "cuda",
            f"for {processes} processes": processes > 1,
            f"in {str(dtype).removeprefix('torch.')}": dtype != torch.bfloat16,
            f"for the network {self.network}": self.network not in MEASURED,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")
