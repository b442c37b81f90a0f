"""From packed frames to stored prediction maps at the competition's size."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nerveseg.data.tensors import to_input
from nerveseg.inference.tta import View
from nerveseg.maps import quantise
from nerveseg.rle import IMAGE_SHAPE

# Beyond this the float32 sigmoid saturates: the logit of a mean probability stays finite.
EPSILON = 1e-7


def mean_logits(network: nn.Module, images: Tensor, views: Sequence[View]) -> Tensor:
    """Return the logit of the probability averaged over `views`, N x H x W float32.

    Args:
        network: in eval mode; maps N x C x H x W to logits N x 1 x H x W.
        images: N x C x H x W, normalised.
        views: the sides to look from. One after the other: on a CPU a larger batch is no
            faster, and on a GPU the batch of frames already fills it.
    """
    total = torch.zeros(())
    for view in views:
        logits = network(view.apply(images))
        total = total.to(logits.device) + view.invert(logits).float().sigmoid()
    return torch.logit(total / len(views), eps=EPSILON).squeeze(1)


def predict_maps(
    network: nn.Module,
    images: NDArray[np.uint8],
    views: Sequence[View],
    *,
    channels: int,
    batch: int,
    device: torch.device,
    dtype: torch.dtype,
) -> Iterator[NDArray[np.uint8]]:
    """Yield one map of logit codes (`nerveseg.maps`), 420 x 580 uint8, per frame of `images`.

    Args:
        network: any network of the registry, on any device; it is put in eval mode.
        images: N x H x W uint8, a memory map is read batch by batch.
        views: of test-time augmentation.
        channels: the network's input channels.
        batch: frames per forward pass.
        device: where to run.
        dtype: what to compute in.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    for start in range(0, len(images), batch):
        frames = torch.from_numpy(np.ascontiguousarray(images[start : start + batch]))
        with torch.inference_mode(), autocast(device, dtype):
            inputs = to_input(frames.to(device), channels)
            logits = mean_logits(network, inputs, views).cpu().numpy()
        for logit in logits:
            yield quantise(_at_native_size(logit))


def autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Return the context in which a network computes in `dtype` on `device`."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def _at_native_size(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = IMAGE_SHAPE
    # Logits rather than probabilities: between pixels they are close to linear at an edge.
    resized: NDArray[np.float32] = cv2.resize(logit, (width, height), interpolation=cv2.INTER_LINEAR)
    return resized
