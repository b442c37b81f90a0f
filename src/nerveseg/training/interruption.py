"""Ctrl-C, and the SIGTERM that batch systems send before they kill: asks a training to end."""

import signal
from types import FrameType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Notes the first such signal; a second one acts at once, as it does outside of the context.

    Args:
        patient: note the second one, too: torchrun passes on to its processes what they have had
            already, and kills those that are still there half a minute later.
    """

    def __init__(self, *, patient: bool) -> None:
        self.asked = False
        self._patient = patient
        # Who ignores a signal, as a shell lets its background jobs do, goes on ignoring it.
        self._before = {
            number: handler
            for number in SIGNALS
            if (handler := signal.getsignal(number)) is not signal.SIG_IGN
        }

    def __enter__(self) -> Self:
        """Begin to note."""
        for number in self._before:
            signal.signal(number, self._note)
        return self

    def __exit__(self, *_raised: object) -> None:
        """Let the signals act as before."""
        self._restore()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self._patient:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
