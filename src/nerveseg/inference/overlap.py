"""Work on results in a thread while the next ones are made."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def overlapped(items: Iterable[T], work: Callable[[T], U]) -> Iterator[U]:
    """Yield `work(item)` for each of `items`, in order.

    A thread works on an item while the caller's thread makes the next one, and uses the result
    before it. At most two items wait or are worked on, so memory does not grow. An error in `work`
    is raised where its result would be yielded. However the iteration ends, with an error, Ctrl-C
    or before the last item, the thread finishes the item it works on, and ends.

    Args:
        items: made in the caller's thread.
        work: called in one other thread.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="overlapped") as pool:
        waiting: deque[Future[U]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > 1:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
