"""How long each part of a live prediction takes."""

import threading
from collections import deque
from typing import Final

import numpy as np

from nerveseg.bedside.words import counted

PARTS: Final = ("read", "wait", "predict", "draw", "show", "total")
"""`read` is from asking for a frame until it is there, for a camera mostly waiting; `wait` from the
capture of a frame to the start of its prediction; `total` from its capture until it was shown."""

_KEPT: Final = 10_000  # the newest values, so that hours of video do not fill the memory


class Latency:
    """Times of the parts of `PARTS`, recorded by several threads, and counts of frames."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, deque[float]] = {part: deque(maxlen=_KEPT) for part in PARTS}
        self.shown = 0
        self.dropped = 0

    def record(self, part: str, seconds: float) -> None:
        """Record how long one frame took in a part."""
        with self._lock:
            self._seconds[part].append(seconds)

    def count(self, *, shown: int = 0, dropped: int = 0) -> None:
        """Add to the numbers of frames that were shown and dropped."""
        with self._lock:
            self.shown += shown
            self.dropped += dropped

    def percentiles(self, part: str) -> tuple[float, float]:
        """Return the median and the 95th percentile of a part in ms; NaN before the first frame."""
        with self._lock:
            values = np.array(self._seconds[part])
        if not values.size:
            return float("nan"), float("nan")
        median, high = np.percentile(values, [50, 95]) * 1000
        return float(median), float(high)

    def note(self) -> str:
        """Return the delay and the dropped frames as a short text for the picture."""
        median, high = self.percentiles("total")
        delay = f"{median:.0f} / {high:.0f} ms" if np.isfinite(median) else "- ms"
        return f"delay {delay}, dropped {self.dropped}"

    def lines(self) -> list[str]:
        """Return the read-out: a line for each part, and the counts."""
        rows = [f"{'ms':8}{'p50':>8}{'p95':>8}"]
        for part in PARTS:
            median, high = self.percentiles(part)
            rows.append(f"{part:8}{median:8.1f}{high:8.1f}")
        return [*rows, f"{counted(self.shown, 'frame')} shown, {self.dropped} dropped"]
