"""Hands values from one thread to another; the newest replaces one that was not taken."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """A place for one value, between a thread that puts and a thread that takes."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._value: T | None = None
        self._closed = False

    def put(self, value: T, *, wait: bool = False) -> bool:
        """Leave a value, and return whether it replaced one that nobody took.

        Args:
            value: not None.
            wait: wait until the value before has been taken, instead of replacing it.
        """
        with self._condition:
            if wait:
                self._condition.wait_for(lambda: self._value is None or self._closed)
            replaced = self._value is not None
            self._value = value
            self._condition.notify_all()
            return replaced

    def take(self) -> T | None:
        """Wait for a value and return it; None if there is none and there will be none."""
        with self._condition:
            self._condition.wait_for(lambda: self._value is not None or self._closed)
            value, self._value = self._value, None
            self._condition.notify_all()
            return value

    def close(self) -> None:
        """Say that no more values will come; what is still there can be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        with self._condition:
            return self._closed
