"""A forward and backward pass as one CUDA graph: small batches are bound by kernel launches."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from nerveseg.data.dataset import Batch
from nerveseg.training.restore_point import restore_point

# Passes before the capture: libraries choose their algorithms in the first ones.
WARM_UP: Final = 3


class GraphedForwardBackward:
    """Forward and backward pass of one micro-batch, captured at the first call.

    It is captured anew when the size of the frames changes.

    Args:
        compute: adds the gradient of a micro-batch to that of the weights; returns its loss.
        network: the network in `compute`; its buffers and gradients must keep their memory.
        frames: frames in the micro-batches to capture; other sizes run without a graph.
        generator: random numbers of the device.
    """

    def __init__(
        self,
        compute: Callable[[Batch], Tensor],
        network: nn.Module,
        frames: int,
        generator: torch.Generator,
    ) -> None:
        self._compute = compute
        self._network = network
        self._frames = frames
        self._generator = generator
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, batch: Batch) -> Tensor:
        """Do what `compute` does; the next call overwrites the result."""
        if len(batch.images) != self._frames:
            return self._compute(batch)
        if self._graph is None or batch.images.shape != self._batch.images.shape:
            self._graph = None  # before the capture, so that its memory can be used again
            self._capture(batch)
        for static, new in zip(self._batch, batch, strict=True):
            static.copy_(new, non_blocking=True)
        assert self._graph is not None
        self._graph.replay()
        return self._loss

    def _capture(self, batch: Batch) -> None:
        self._batch = Batch(*(value.clone() for value in batch))
        restore = restore_point(self._network, self._generator)
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._compute(self._batch)
        torch.cuda.current_stream().wait_stream(side)
        made = [weight.grad for weight in self._network.parameters()]
        restore()
        # A captured pass adds to gradients only if they exist.
        for weight, gradient in zip(self._network.parameters(), made, strict=True):
            if weight.grad is None and gradient is not None:
                weight.grad = gradient.zero_()
        self._graph = torch.cuda.CUDAGraph()
        # Restrict the capture to this thread: another one pins memory meanwhile.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._loss = self._compute(self._batch)
