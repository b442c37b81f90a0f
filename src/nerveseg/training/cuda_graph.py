"""Recorded work for a GPU: a batch of 8 is launch-bound, a CUDA graph launches it all at once."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from nerveseg.data.dataset import Batch

# Runs before the recording, as libraries choose their algorithms in the first ones.
WARM_UP = 3


class Replay:
    """Forward and backward pass of one part of a batch, recorded at the first call.

    Args:
        compute: adds a part's gradient to the weights' and returns its loss.
        network: what it computes with: its buffers and gradients stay where they are in memory.
        frames: of a part that is worth recording; others are computed as they come.
    """

    def __init__(self, compute: Callable[[Batch], Tensor], network: nn.Module, frames: int) -> None:
        self._compute = compute
        self._network = network
        self._frames = frames
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, batch: Batch) -> Tensor:
        """Do what `compute` does; the result is overwritten by the next call."""
        if len(batch.images) != self._frames:
            return self._compute(batch)
        if self._graph is None:
            self._record(batch)
        for held, new in zip(self._batch, batch, strict=True):
            held.copy_(new, non_blocking=True)
        assert self._graph is not None
        self._graph.replay()
        return self._loss

    def _record(self, batch: Batch) -> None:
        self._batch = Batch(*(value.clone() for value in batch))
        before = [buffer.clone() for buffer in self._network.buffers()]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._compute(self._batch)
        torch.cuda.current_stream().wait_stream(side)
        # The warm-up leaves no trace: neither in running statistics nor in gradients.
        for buffer, value in zip(self._network.buffers(), before, strict=True):
            buffer.copy_(value)
        for weight in self._network.parameters():
            if weight.grad is not None:
                weight.grad.zero_()
        self._graph = torch.cuda.CUDAGraph()
        # Only this thread's calls must be fit for recording: another one pins memory meanwhile.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._loss = self._compute(self._batch)
