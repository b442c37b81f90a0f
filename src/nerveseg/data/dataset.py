"""Batches of packed frames, kept in uint8 until they are on the device."""

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
    """Frames and their outlines.

    Attributes:
        images: N x H x W uint8.
        masks: N x H x W uint8, {0, 1}.
        shares: N float32, each frame's part in the mean of its effective batch.
    """

    images: Tensor
    masks: Tensor
    shares: Tensor


class Transform(Protocol):
    """What changes a frame and its outline alike, a function of `key`."""

    def __call__(
        self, image: NDArray[np.uint8], mask: NDArray[np.uint8], key: tuple[int, ...]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the changed image and mask."""
        ...


class FrameBatches(Dataset[Batch]):
    """Whole batches by their draws: stacking in uint8 costs less than collating samples.

    Args:
        images: all frames, F x H x W uint8, usually a memory map.
        masks: their outlines, F x H x W uint8, {0, 1}.
        change: the augmentation, None to leave the frames as they are.
    """

    def __init__(
        self, images: NDArray[np.uint8], masks: NDArray[np.uint8], change: Transform | None
    ) -> None:
        # The same memory by its plain type: every row of a memory map costs more.
        self._images = np.asarray(images)
        self._masks = np.asarray(masks)
        self._change = change

    def __getitem__(self, draws: Sequence[Draw]) -> Batch:
        """Return the frames of `draws`, each changed by the key (epoch, frame, repeat)."""
        shape = (len(draws), *self._images.shape[1:])
        images, masks = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        for place, draw in enumerate(draws):
            image, mask = self._images[draw.frame], self._masks[draw.frame]
            if self._change is not None:
                key = (draw.epoch, draw.frame, draw.repeat)
                image, mask = self._change(image, mask, key)
            images[place], masks[place] = image, mask
        shares = torch.tensor([draw.share for draw in draws], dtype=torch.float32)
        return Batch(torch.from_numpy(images), torch.from_numpy(masks), shares)


def loader(
    batches: FrameBatches, sampler: EpochSampler, *, workers: int, pin: bool
) -> DataLoader[Batch]:
    """Return the loader of `sampler`'s batches; what it yields depends on no argument here.

    Args:
        batches: where frames come from.
        sampler: what to draw.
        workers: processes beside this one; 0 to load in this one.
        pin: page-locked memory, for copies that need not wait.
    """
    return DataLoader(
        batches,
        sampler=sampler,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_settle if workers else None,
        pin_memory=pin,
        # One of its own: the loader seeds its workers from it, and must not advance the
        # generator that dropout draws from.
        generator=torch.Generator(),
    )


def workers_for(device: torch.device) -> int:
    """Return how many processes load frames: `NERVESEG_WORKERS`, else what suits `device`.

    Raises:
        InputError: the variable is no whole number.
    """
    text = os.environ.get("NERVESEG_WORKERS", "")
    if not text:
        # On a CPU the network's step keeps every core busy: a second process would only wait.
        cores = len(os.sched_getaffinity(0))
        return min(8, cores - 1) if device.type == "cuda" else 0
    if not text.isascii() or not text.isdigit():
        raise InputError(
            f"NERVESEG_WORKERS: '{text}' is not a whole number; leave it unset or use 0"
        )
    return int(text)


def _settle(_worker: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    # Ctrl-C and a batch system's SIGTERM reach every process; when to end, the training says.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_end_with_the_training, daemon=True).start()


def _end_with_the_training() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
