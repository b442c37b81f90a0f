"""Batches of packed frames, which stay in uint8 until they are on the device."""

import os
import signal
import sys
from collections.abc import Sequence
from threading import Thread
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nerveseg.data.sampler import Draw, EpochSampler
from nerveseg.errors import InputError


class Batch(NamedTuple):
    """Frames and their masks.

    Attributes:
        images: N x H x W uint8.
        masks: N x H x W uint8, {0, 1}.
        shares: N float32, the weight of each frame in the mean over its batch.
    """

    images: Tensor
    masks: Tensor
    shares: Tensor


class Transform(Protocol):
    """Transforms a frame and its mask alike, as a function of `key`."""

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the transformed image and mask, H x W uint8, the mask {0, 1}."""
        ...


class FrameBatches(Dataset[Batch]):
    """Loads a whole batch from its draws: stacking in uint8 is cheaper than collating samples.

    Args:
        images: all frames, F x H x W uint8, usually a memory map.
        masks: their masks, F x H x W uint8, {0, 1}.
        transform: the augmentation; None leaves the frames as they are.
    """

    def __init__(
        self, images: NDArray[np.uint8], masks: NDArray[np.uint8], transform: Transform | None
    ) -> None:
        # Plain arrays on the same memory: indexing a np.memmap is slower.
        self._images = np.asarray(images)
        self._masks = np.asarray(masks)
        self._transform = transform

    def __getitem__(self, draws: Sequence[Draw]) -> Batch:
        """Return the frames of `draws`, each transformed with the key (epoch, frame, repeat)."""
        shape = (len(draws), *self._images.shape[1:])
        images, masks = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        for position, draw in enumerate(draws):
            image, mask = self._images[draw.frame], self._masks[draw.frame]
            if self._transform is not None:
                key = (draw.epoch, draw.frame, draw.repeat)
                image, mask = self._transform(image, mask, key)
            images[position], masks[position] = image, mask
        shares = torch.tensor([draw.share for draw in draws], dtype=torch.float32)
        return Batch(torch.from_numpy(images), torch.from_numpy(masks), shares)


def loader(
    batches: FrameBatches, sampler: EpochSampler, *, workers: int, pin: bool
) -> DataLoader[Batch]:
    """Return the loader of `sampler`'s batches; `workers` and `pin` do not change what it yields.

    Args:
        batches: the source of the frames.
        sampler: chooses what to draw.
        workers: number of worker processes; 0 loads in this process.
        pin: use page-locked memory, from which copies to the GPU can be asynchronous.
    """
    return DataLoader(
        batches,
        sampler=sampler,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_start_worker if workers else None,
        pin_memory=pin,
        # A generator of its own: the loader seeds its workers from it and must not advance the
        # generator that dropout draws from.
        generator=torch.Generator(),
    )


def workers_for(device: torch.device) -> int:
    """Return the number of worker processes: `NERVESEG_WORKERS`, or a default for `device`.

    Raises:
        InputError: the variable is not a whole number.
    """
    text = os.environ.get("NERVESEG_WORKERS", "")
    if not text:
        # On a CPU, training keeps every core busy: another process would only compete with it.
        cores = len(os.sched_getaffinity(0))
        return min(8, cores - 1) if device.type == "cuda" else 0
    if not text.isascii() or not text.isdigit():
        raise InputError(
            f"NERVESEG_WORKERS: '{text}' is not a whole number; leave it unset or use 0"
        )
    return int(text)


def _start_worker(_worker: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    # Ctrl-C and a batch system's SIGTERM reach every process; the training process decides when
    # the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_end_with_the_training, daemon=True).start()


def _end_with_the_training() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
