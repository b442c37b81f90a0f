"""One update of the weights, from a batch on the host to the optimiser's step.

`Engine.train_step` is the update: for each micro-batch the copy to the device, the forward pass
under autocast, the loss and the backward pass; then the exchange of gradients between processes,
the learning rate and the optimiser's step.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.data.input_normalisation import to_input
from nerveseg.device import memory_format_for
from nerveseg.training.averaging import Average
from nerveseg.training.compilation import CompiledPasses
from nerveseg.training.cuda_graph import GraphedForwardBackward
from nerveseg.training.distributed import World
from nerveseg.training.half_size import halved
from nerveseg.training.losses import PAPER, Objective
from nerveseg.training.optimisers import OPTIMIZERS
from nerveseg.training.presence_head import PresenceHead
from nerveseg.training.recomputation import recompute_activations
from nerveseg.training.sync_batch_norm import FrameMask, synchronised
from nerveseg.training.working_copies import WorkingCopies


class NetworkWithLoss(nn.Module):
    """From uint8 frames to their loss in one module, which is what gets wrapped and compiled.

    Args:
        network: maps N x C x H x W to logits N x 1 x H x W, or to a tuple of them in training.
        channels: C.
        objective: what the loss is.
        frame_mask: tells synchronised batch normalisation which frames count; None without it.
        presence: the auxiliary head of the network; None without it.
    """

    def __init__(
        self,
        network: nn.Module,
        channels: int,
        objective: Objective,
        frame_mask: FrameMask | None,
        presence: PresenceHead | None = None,
    ) -> None:
        super().__init__()
        self.network, self.presence = network, presence
        self._channels, self._objective, self._frame_mask = channels, objective, frame_mask

    def forward(self, batch: Batch) -> Tensor:
        """Return the sum of the frames' losses, each times its share in the effective batch."""
        real = (batch.shares > 0).float()
        if self._frame_mask is not None:
            self._frame_mask.real = real
        outputs = self.network(to_input(batch.images, self._channels))
        # The sum is in float32, whatever the network computed in.
        losses = self._objective.frame_losses(
            outputs, batch.masks, counted=real, exchange=self._frame_mask is not None
        )
        if self.presence is not None:
            losses = losses + self.presence(batch.masks)
        return (losses * batch.shares).sum()


class Engine:
    """A network and its optimiser, set up to update fast on this device.

    Args:
        network: network on any device; it is moved to the device of `world`.
        channels: channels of its input.
        dtype: type to compute in; weights and optimiser stay float32.
        weight_decay: lambda of eq. 11 (see `nerveseg.training.losses`); with adamw, see
            Loshchilov and Hutter, 'Decoupled weight decay regularization', ICLR 2019, algorithm 2.
        world: the processes that train together.
        frames: frames in a micro-batch of a full batch. Compilation and the CUDA graph are for
            this size; the smaller one at the end of an epoch runs without them.
        objective: what training minimises.
        optimizer: a key of `OPTIMIZERS`.
        average: makes the average of the network's weights that validates and is saved; None for
            none.
        half_size: number of first epochs on frames of half height and width.
        presence: makes the auxiliary head of the network; None for none.
        recompute: recompute activations in the backward pass; not together with `compiled`.
        compiled: fuse the passes with torch.compile, if it works here.
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
        objective: Objective = PAPER,
        optimizer: Literal["adam", "adamw"] = "adam",
        average: Callable[[nn.Module], Average] | None = None,
        half_size: int = 0,
        presence: Callable[[nn.Module], PresenceHead] | None = None,
        recompute: bool = False,
        compiled: bool = False,
    ) -> None:
        self._world, self._dtype, self._frames, self._half_size = world, dtype, frames, half_size
        frame_mask = FrameMask() if world.size > 1 else None
        if frame_mask is not None:
            network = synchronised(network, frame_mask)
        # Convolutions follow the memory format of their weights.
        memory_format = memory_format_for(network, world.device)
        self.network = network.to(world.device).to(memory_format=memory_format)
        # The average is made first: it would copy the head, and share the blocks to recompute.
        self._average = None if average is None else average(self.network)
        self._presence = None if presence is None else presence(self.network)
        if recompute:
            recompute_activations(self.network)
        module: nn.Module = NetworkWithLoss(
            self.network, channels, objective, frame_mask, self._presence
        )
        self.optimiser = OPTIMIZERS[optimizer](
            module.parameters(), lr=0.0, weight_decay=weight_decay, fused=True
        )
        # Only float16 has too few exponent bits for gradients.
        self.scaler = torch.amp.GradScaler(world.device.type, enabled=dtype == torch.float16)
        self._loss_sum, self._halves = torch.zeros((), device=world.device), False
        if world.size > 1:
            # Gradients as views of the communication buckets save a copy of all of them.
            module = nn.parallel.DistributedDataParallel(module, gradient_as_bucket_view=True)
        self._module = module
        # Copies of the weights would make the exchange between processes wait for all gradients.
        copied = dtype != torch.float32 and world.size == 1
        self._copies = WorkingCopies(module, dtype) if copied else None
        self._compiled = CompiledPasses(module, self._passes, world.generator) if compiled else None
        self._graphed = self._can_be_graphed(recompute)
        self._run: Callable[[Batch], Tensor] = self._forward_backward
        if self._graphed:
            self._run = GraphedForwardBackward(self._run, module, frames, world.generator)

    def _can_be_graphed(self, recompute: bool) -> bool:
        # A CUDA graph can hold neither an exchange between processes nor a changing loss scale. Nor
        # can the random numbers of dropout, which recomputing restores, be read in its capture.
        alone = self._world.device.type == "cuda" and self._world.size == 1
        return alone and self._dtype != torch.float16 and not recompute

    def start_epoch(self, epoch: int) -> None:
        """Prepare for the updates of `epoch`, from 0."""
        self._halves = epoch < self._half_size

    def train_step(self, micro_batches: Sequence[Batch], rate: float) -> None:
        """Update the weights once.

        Args:
            micro_batches: the micro-batches of one effective batch, on the host.
            rate: learning rate.
        """
        for index, micro_batch in enumerate(micro_batches, start=1):
            batch = Batch(
                *(tensor.to(self._world.device, non_blocking=True) for tensor in micro_batch)
            )
            # Processes exchange gradients once per update, during the last backward pass.
            if self._halves:
                # The loss halves the masks, after soft outlines, which are in pixels of the frame.
                batch = batch._replace(images=halved(batch.images))
            exchange = self._world.size == 1 or index == len(micro_batches)
            with nullcontext() if exchange else self._module.no_sync():  # type: ignore[operator]
                # Added at once, in place: the next replay of a CUDA graph overwrites the loss.
                self._loss_sum += self._run(batch)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self._copies is not None:
            self._copies.refresh()
        if self._average is not None:
            self._average.after_update(self.network)
        # A CUDA graph writes gradients to the memory it was recorded with.
        self.optimiser.zero_grad(set_to_none=not self._graphed)

    def _forward_backward(self, batch: Batch) -> Tensor:
        """Add the gradient of one micro-batch to that of the weights; return its loss."""
        if self._compiled is not None and len(batch.images) == self._frames:
            return self._compiled(batch)
        return self._passes(self._copies or self._module, batch)

    def _passes(self, module: Callable[[Batch], Any], batch: Batch) -> Tensor:
        mixed = self._dtype != torch.float32
        with torch.autocast(self._world.device.type, self._dtype, enabled=mixed):
            loss: Tensor = module(batch)
        # DistributedDataParallel averages gradients over the processes; the shares need the sum.
        scaled: Tensor = self.scaler.scale(loss * self._world.size)
        scaled.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def finish_epoch(self, epoch: int) -> None:
        """Take note that all updates of `epoch`, from 0, are done."""
        if self._average is not None:
            self._average.after_epoch(self.network, epoch)

    @property
    def result(self) -> nn.Module:
        """The network to validate and to save: the average, once there is one."""
        if self._average is None or not self._average.begun:
            return self.network
        return self._average.module

    def take_loss(self) -> float:
        """Return the sum of the updates' losses since the last call, over all processes.

        All processes must call this together. It waits for all work queued on the device.
        """
        total = self._world.sum(self._loss_sum).item()
        self._loss_sum.zero_()
        return total

    def weight_norm(self) -> float:
        """Return the norm of all weights; NaN or inf if any weight is."""
        return nn.utils.get_total_norm(self.network.parameters()).item()

    def state(self) -> dict[str, Any]:
        """Return everything an update depends on, apart from the batch and random numbers."""
        average = {} if self._average is None else {"average": self._average.state_dict()}
        presence = {} if self._presence is None else {"presence": self._presence.state_dict()}
        return {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            **average,
            **presence,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        if self._presence is not None:
            self._presence.load_state_dict(state["presence"])
        if self._copies is not None:
            self._copies.refresh()
