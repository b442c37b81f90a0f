"""Work on many frames in several threads: decoding and resizing release the GIL."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import cv2
from tqdm import tqdm

T = TypeVar("T")


def for_each(function: Callable[[T], Any], items: Sequence[T], title: str) -> None:
    """Call `function` on every item, with a progress bar where a person watches.

    One thread per available core: a fact of the machine, so no parameter and in no hash.

    Raises:
        Whatever the first failing item (in order) raised; items not yet begun are left out.
    """
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with _cv2_alone(), ThreadPoolExecutor(workers) as pool:
        results = pool.map(function, items)
        try:
            for _ in tqdm(results, title, total=len(items), unit="frame", disable=None):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _cv2_alone() -> Iterator[None]:
    # cv2's own threads under ours would fight for the same cores.
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
