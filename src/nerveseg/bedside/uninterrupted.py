"""Work that Ctrl-C may not cut off."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back while a short piece of work is done; `KeyboardInterrupt` is raised after it.

    A second Ctrl-C often follows the first at once: who is impatient presses it twice, and a
    program that stops another may send it to the process and then to its group.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed meanwhile.
    """
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread is interrupted, and only it may say what an interrupt does. Whoever has
    # replaced Python's handler, or ignores the signal, keeps that.
    if (
        threading.current_thread() is not threading.main_thread()
        or before is not signal.default_int_handler
    ):
        yield
        return
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
