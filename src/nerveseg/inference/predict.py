"""From packed frames to stored prediction maps at the competition's image size."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from nerveseg.data.input_normalisation import to_input
from nerveseg.device import memory_format_for
from nerveseg.inference.overlap import overlapped
from nerveseg.inference.resize_logits import resize_logits
from nerveseg.inference.tta import View
from nerveseg.inference.view_weights import agreement_weights
from nerveseg.maps import MapWriter, quantise
from nerveseg.params.predict import ViewWeights
from nerveseg.rle import IMAGE_SHAPE

# The float32 sigmoid saturates closer to 0 and 1; clamping keeps the logit of the mean finite.
EPSILON: Final = 1e-7
Begun = Callable[[], NDArray[np.float32]]
"""Waits for logits that are being computed, and returns them."""


def mean_logits(
    network: nn.Module, images: Tensor, views: Sequence[View], weights: ViewWeights = "mean"
) -> Tensor:
    """Return the logit of the probability averaged over `views`, N x H x W float32.

    Args:
        network: network in eval mode, from N x C x H x W to logits N x 1 x H x W.
        images: N x C x H x W, normalised.
        views: flips and transposes to average over. They run one after the other: on a CPU a
            larger batch is no faster, and the batch of frames already fills a GPU.
        weights: `mean` for equal weights, or `agreement` for those of `agreement_weights`, which
            needs the maps of all views of the batch at once.
    """
    total = images.new_zeros((len(images), *images.shape[-2:]))
    if weights == "mean":
        for view in views:
            total += _probability(network, images, view)
        total /= len(views)
    else:
        maps = torch.stack([_probability(network, images, view) for view in views], dim=1)
        shares = agreement_weights(maps).to(maps.dtype)
        for index in range(len(views)):
            total += shares[:, index, None, None] * maps[:, index]
    return torch.logit(total, eps=EPSILON)


def _probability(network: nn.Module, images: Tensor, view: View) -> Tensor:
    """Return the probability map of one view, in the frame's own orientation, N x H x W float32."""
    return view.invert(network(view.apply(images))).float().sigmoid().squeeze(1)


class LogitSource(Protocol):
    """A network with its test-time augmentation, whatever computes it; `Predictor` is torch."""

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return logits, N x H x W float32, for images N x H x W uint8 of the trained size."""
        ...


class MapSource(LogitSource, Protocol):
    """A source of logits whose maps can be made while it computes the next batch.

    Attributes:
        overlaps: whether that is faster.
    """

    overlaps: bool

    def begin(self, images: NDArray[np.uint8]) -> Begun:
        """Begin what `logits` does; return a function that waits for its result."""
        ...


class Predictor:
    """A network with its test-time augmentation.

    Args:
        network: from N x C x H x W to logits N x 1 x H x W; it is moved to `device` and put in
            eval mode.
        channels: channels C of the network's input.
        views: views of the test-time augmentation.
        weights: how the views are averaged, see `mean_logits`.
        device: device to run on.
        dtype: type to compute in.
    """

    def __init__(
        self,
        network: nn.Module,
        channels: int,
        views: Sequence[View],
        *,
        weights: ViewWeights = "mean",
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._memory_format = memory_format_for(network, device)
        self._network = network.to(device).to(memory_format=self._memory_format).eval()
        self._channels = channels
        self._views = views
        self._weights = weights
        self._device = device
        self._dtype = dtype
        # On a CPU it gains nothing: the network, or another run, uses the cores already.
        self.overlaps = device.type == "cuda"

    def logits(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the mean logits of N frames in one pass, N x H x W float32.

        Args:
            images: N x H x W uint8.
        """
        return self.begin(images)()

    def begin(self, images: NDArray[np.uint8]) -> Begun:
        """Begin what `logits` does; return a function that waits for its result."""
        frames = torch.from_numpy(np.array(images))
        if self._device.type == "cuda":
            # Copying from other memory would wait for the batch before.
            frames = frames.pin_memory()
        frames = frames.to(self._device, non_blocking=True)
        mixed = self._dtype != torch.float32
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, self._dtype, enabled=mixed),
        ):
            inputs = to_input(frames, self._channels)
            inputs = inputs.contiguous(memory_format=self._memory_format)
            logits = mean_logits(self._network, inputs, self._views, self._weights)
            if self._device.type != "cuda":
                return logits.cpu().numpy
            # Into pinned memory, behind this batch and before the next.
            host = logits.to("cpu", non_blocking=True)
            copied = torch.cuda.current_stream(self._device).record_event()

        def result() -> NDArray[np.float32]:
            copied.synchronize()
            values: NDArray[np.float32] = host.numpy()
            return values

        return result


def maps_of(
    source: MapSource, images: NDArray[np.uint8], batch: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield a map of logit codes (`nerveseg.maps`), 420 x 580 uint8, for each frame.

    Args:
        source: the network.
        images: N x H x W uint8; a memory-mapped array is read one batch at a time.
        batch: frames per batch.
    """
    begun = (source.begin(images[start : start + batch]) for start in range(0, len(images), batch))
    return to_maps(begun, overlaps=source.overlaps)


def to_map(logit: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the map of logit codes, 420 x 580 uint8, of the logits of a frame, H x W float32."""
    return quantise(resize_logits(logit, IMAGE_SHAPE))


def to_maps(batches: Iterable[Begun], *, overlaps: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield the map of each frame.

    Args:
        batches: each returns the logits of some frames, N x H x W float32, once it is called.
        overlaps: call them, and make maps, in a thread while the next batch is begun.
    """
    of_batches = overlapped(batches, _maps) if overlaps else map(_maps, batches)
    return chain.from_iterable(of_batches)


def _maps(batch: Begun) -> list[NDArray[np.uint8]]:
    return [to_map(logit) for logit in batch()]


def write_maps(maps: Iterable[NDArray[np.uint8]], number: int, path: Path) -> None:
    """Write `number` maps, 420 x 580 uint8 each, to `path` in the format of `nerveseg.maps`."""
    with MapWriter(path, number) as writer:
        for codes in tqdm(maps, path.stem, number, leave=False, disable=None):
            writer.write(codes)
