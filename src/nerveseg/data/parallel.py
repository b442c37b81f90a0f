"""Processing many frames in several threads: decoding and resizing release the GIL."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import cv2
from tqdm import tqdm

T = TypeVar("T")


def for_each(function: Callable[[T], Any], items: Sequence[T], title: str) -> None:
    """Call `function` on every item, with a progress bar if stderr is a terminal.

    There is one thread per available core. This cannot change a result, so it is not a parameter.

    Raises:
        The exception of the first item, in order, that failed; items not yet started are skipped.
    """
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with _single_threaded_cv2(), ThreadPoolExecutor(workers) as pool:
        results = pool.map(function, items)
        try:
            for _ in tqdm(results, title, total=len(items), unit="frame", disable=None):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _single_threaded_cv2() -> Iterator[None]:
    # Otherwise the threads of cv2 would compete with ours for the same cores.
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
