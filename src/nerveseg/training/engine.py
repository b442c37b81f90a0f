"""One update of the weights, in the way that is fastest on this device."""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.data.input_normalisation import to_input
from nerveseg.device import memory_format_for
from nerveseg.training.cuda_graph import Replay
from nerveseg.training.distributed import World
from nerveseg.training.losses import frame_losses
from nerveseg.training.normalisation import JointBatchNorm2d, joined


class Objective(nn.Module):
    """From uint8 frames to one number, as one module: what is wrapped, compiled and captured.

    Args:
        network: maps N x C x H x W to logits N x 1 x H x W, or several of them in training.
        channels: C.
    """

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.network = network
        self._channels = channels
        self._joint = [each for each in network.modules() if isinstance(each, JointBatchNorm2d)]

    def forward(self, batch: Batch) -> Tensor:
        """Return the sum of the frames' losses, each times its share in its effective batch."""
        for norm in self._joint:
            norm.real = (batch.shares > 0).float()
        outputs = self.network(to_input(batch.images, self._channels))
        # Summation in float32, whatever the network computed in.
        return (frame_losses(outputs, batch.masks) * batch.shares).sum()


class Engine:
    """A network and its optimiser.

    Args:
        network: on any device; it is moved to the world's.
        channels: of its input.
        dtype: what to compute in; weights and optimiser stay float32.
        weight_decay: lambda of eq. 11 (see `nerveseg.training.losses`).
        world: the processes that train it together.
        frames: of a part of a full batch: compiled and recorded for this many, as other
            numbers come once an epoch.
        compiled: let torch.compile fuse the passes.
    """

    def __init__(
        self,
        network: nn.Module,
        channels: int,
        *,
        dtype: torch.dtype,
        weight_decay: float,
        world: World,
        frames: int,
        compiled: bool = False,
    ) -> None:
        self._world, self._dtype, self._frames = world, dtype, frames
        gpu = world.device.type == "cuda"
        self.network = (joined(network) if world.size > 1 else network).to(world.device)
        # The layout of the weights decides: convolutions follow it.
        self.network = self.network.to(memory_format=memory_format_for(network, world.device))
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=0.0, weight_decay=weight_decay, fused=True
        )
        # Only float16 has too few exponent bits for gradients.
        self.scaler = torch.amp.GradScaler(world.device.type, enabled=dtype == torch.float16)
        objective: nn.Module = Objective(self.network, channels)
        if world.size > 1:
            # A bucket that views the gradients saves a copy of all of them.
            objective = nn.parallel.DistributedDataParallel(objective, gradient_as_bucket_view=True)
        self._objective = objective
        self._fast = torch.compile(objective, dynamic=False) if compiled else objective
        # An exchange between processes, or a scale that changes, is not to be recorded.
        recorded = gpu and world.size == 1 and dtype != torch.float16
        self._run = Replay(self._compute, self.network, frames) if recorded else self._compute
        self._keep_gradients = recorded

    def backward(self, batch: Batch, *, last: bool) -> Tensor:
        """Add the gradient of one part of an effective batch; return the part's loss, detached.

        Args:
            batch: on the host.
            last: of the effective batch: the processes exchange gradients with this one.
        """
        here = Batch(*(value.to(self._world.device, non_blocking=True) for value in batch))
        alone = self._world.size == 1 or last
        with nullcontext() if alone else self._objective.no_sync():  # type: ignore[operator]
            return self._run(here)

    def _compute(self, batch: Batch) -> Tensor:
        objective = self._fast if len(batch.images) == self._frames else self._objective
        low = self._dtype != torch.float32
        with torch.autocast(self._world.device.type, self._dtype, enabled=low):
            loss: Tensor = objective(batch)
        # The processes' gradients are averaged; the shares ask for their sum.
        scaled: Tensor = self.scaler.scale(loss * self._world.size)
        scaled.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def update(self, rate: float) -> None:
        """Step along the gradient added up since the last call, then forget it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimiser)
        self.scaler.update()
        # Recorded work writes gradients to where they were.
        self.optimiser.zero_grad(set_to_none=not self._keep_gradients)

    def norm(self) -> float:
        """Return the norm of all weights: no number where one of them is none."""
        return nn.utils.get_total_norm(self.network.parameters()).item()

    def state(self) -> dict[str, Any]:
        """Return all that an update depends on, besides the batch and the random numbers."""
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
