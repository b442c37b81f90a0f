"""Batches of packed frames, which stay in uint8 until they are on the device."""

import logging
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.queues import Queue
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from nerveseg.data.sampler import Draw, EpochSampler
from nerveseg.errors import InputError

MOST_WORKERS: Final = 256
_PREFETCHED: Final = 4
_SHARED: Final = Path("/dev/shm")

LabelledFrame = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""A frame and its mask, H x W uint8 each, the mask {0, 1}."""


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
        added: more frames, each with its mask, whose indices begin at F.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        transform: Transform | None,
        added: Sequence[LabelledFrame] = (),
    ) -> None:
        # Plain arrays on the same memory: indexing a np.memmap is slower.
        self._images = np.asarray(images)
        self._masks = np.asarray(masks)
        self._transform = transform
        self._added = added

    @property
    def frame_bytes(self) -> int:
        """Size of a frame and its mask."""
        return 2 * int(np.prod(self._images.shape[1:]))

    def __getitem__(self, draws: Sequence[Draw]) -> Batch:
        """Return the frames of `draws`, each transformed with the key (epoch, frame, repeat)."""
        shape = (len(draws), *self._images.shape[1:])
        images, masks = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        for position, draw in enumerate(draws):
            image, mask = self._frame(draw.frame)
            if self._transform is not None:
                key = (draw.epoch, draw.frame, draw.repeat)
                image, mask = self._transform(image, mask, key)
            images[position], masks[position] = image, mask
        shares = torch.tensor([draw.share for draw in draws], dtype=torch.float32)
        return Batch(torch.from_numpy(images), torch.from_numpy(masks), shares)

    def _frame(self, index: int) -> LabelledFrame:
        if index < len(self._images):
            return self._images[index], self._masks[index]
        return self._added[index - len(self._images)]


def loader(
    batches: FrameBatches, sampler: EpochSampler, *, workers: int, pin: bool
) -> DataLoader[Batch]:
    """Return the loader of `sampler`'s batches; `workers` and `pin` do not change what it yields.

    Args:
        batches: the source of the frames.
        sampler: chooses what to draw.
        workers: most worker processes; 0 loads in this process. There are fewer if their batches
            would not fit in shared memory.
        pin: use page-locked memory, from which copies to the GPU can be asynchronous.
    """
    workers = _that_fit(workers, batches, sampler)
    return _Loader(
        batches,
        sampler=sampler,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        prefetch_factor=_PREFETCHED if workers else None,
        worker_init_fn=_start_worker if workers else None,
        pin_memory=pin,
        # A generator of its own: the loader seeds its workers from it and must not advance the
        # generator that dropout draws from.
        generator=torch.Generator(),
    )


class _Loader(DataLoader[Batch]):
    """Reports a worker that died in one line."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        try:
            yield from super().__iter__()
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise InputError(
                f"a process that loads frames ended ({' '.join(str(error).split())[:120]}); set "
                f"NERVESEG_WORKERS=0, or give {_SHARED} more space (docker run --shm-size=1g)"
            ) from error


def _that_fit(workers: int, batches: FrameBatches, sampler: EpochSampler) -> int:
    """Return how many workers can keep all their batches in shared memory.

    Docker's default is 64 MB. A worker that finds no room there dies or sends nothing.
    """
    room = shutil.disk_usage(_SHARED).free if _SHARED.is_dir() else None
    if room is None or workers == 0:
        return workers
    # Each worker prepares one batch more than it sends ahead; half is left for other programs.
    each = batches.frame_bytes * sampler.most_frames * (_PREFETCHED + 1)
    fitting = min(workers, room // 2 // (each * sampler.portion.processes))
    if fitting < workers:
        logging.getLogger(__name__).warning(
            "%s has only %.0f MB of free space: %d instead of %d processes load frames; with "
            "Docker, use --shm-size=1g",
            _SHARED,
            room / 1e6,
            fitting,
            workers,
        )
    return fitting


def workers_for(device: torch.device) -> int:
    """Return the number of worker processes: `NERVESEG_WORKERS`, or a default for `device`.

    Raises:
        InputError: the variable is not a whole number up to `MOST_WORKERS`.
    """
    text = os.environ.get("NERVESEG_WORKERS", "")
    if not text:
        # On a CPU, training keeps every core busy: another process would only compete with it.
        cores = len(os.sched_getaffinity(0))
        return min(8, cores - 1) if device.type == "cuda" else 0
    # The length first: int() refuses thousands of digits.
    short = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_WORKERS))
    if not short or int(text) > MOST_WORKERS:
        raise InputError(
            f"NERVESEG_WORKERS: '{text[:20]}' is not a whole number up to {MOST_WORKERS}; leave it "
            "unset or use 0"
        )
    return int(text)


def _start_worker(_worker: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    # A batch that cannot be sent, for want of shared memory, would otherwise be dropped with a
    # traceback, and training would wait for it forever.
    Queue._on_queue_feeder_error = staticmethod(_end_the_worker)  # type: ignore[attr-defined]
    # Ctrl-C and a batch system's SIGTERM reach every process; the training process decides when
    # the workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        Thread(target=_end_with_the_training, daemon=True).start()


def _end_the_worker(_error: Exception, _batch: object) -> None:
    os._exit(1)


def _end_with_the_training() -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != os.getppid():
        pass
    os._exit(0)
