"""Outlines on a live stream: capture, prediction and display run at the same time.

Three threads hand frames on through places for one frame each. A frame that is not taken before the
next one arrives is dropped, so the delay does not grow if prediction is slower than the stream.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nerveseg.bedside.decide import decide
from nerveseg.bedside.frame_result import Finder, on_whole_frame, region_of
from nerveseg.bedside.latency import Latency
from nerveseg.bedside.newest import Newest, T
from nerveseg.bedside.overlay import draw
from nerveseg.bedside.sinks import Sink
from nerveseg.bedside.smoothing import MotionAwareAverage
from nerveseg.media.frame import Frame


class _Captured(NamedTuple):
    frame: Frame
    at: float  # seconds on the clock


class _Drawn(NamedTuple):
    picture: NDArray[np.uint8]
    at: float  # when its frame was captured


class Live:
    """Predicts a stream and shows the outlines.

    Args:
        finder: the trained network.
        smoothing: averages maps over frames.
        drop: whether the newest frame replaces one that still waits; without it, every frame is
            predicted and the stream waits.
        clock: seconds since some moment.
        sleep: waits for a number of seconds.

    Attributes:
        latency: what was measured.
    """

    def __init__(
        self,
        finder: Finder,
        smoothing: MotionAwareAverage,
        *,
        drop: bool = True,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.latency = Latency()
        self._finder = finder
        self._smoothing = smoothing
        self._drop = drop
        self._clock = clock
        self._sleep = sleep
        self._captured: Newest[_Captured] = Newest()
        self._drawn: Newest[_Drawn] = Newest()
        self._faults: list[BaseException] = []

    def run(self, frames: Iterator[Frame], sink: Sink, *, paced: bool) -> None:
        """Show a stream until it ends, the sink stops it, or Ctrl-C is pressed.

        Args:
            frames: the stream.
            sink: where the pictures go; it is used from the calling thread, as windows need it.
            paced: whether to replay the frames at the times that they carry, as for a file; a
                camera paces itself.

        Raises:
            InputError: the stream or the sink failed.
        """
        threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (lambda: self._capture(frames, paced), self._predict)
        ]
        for thread in threads:
            thread.start()
        failed = True
        try:
            self._show(sink)
            failed = bool(self._faults)
        except KeyboardInterrupt:
            failed = False  # how one ends a camera: what was recorded until now is kept
        finally:
            try:
                self._stop()
                for thread in threads:
                    thread.join()
            finally:  # also after another Ctrl-C, while the threads end
                sink.close(failed=failed)
        if self._faults:
            raise self._faults[0]

    def _capture(self, frames: Iterator[Frame], paced: bool) -> None:
        start = asked = self._clock()
        for frame in frames:
            self.latency.record("read", self._clock() - asked)
            if paced and frame.time is not None:
                self._sleep(max(0.0, start + frame.time - self._clock()))
            if self._captured.closed:
                return
            self._hand_on(self._captured, _Captured(frame, self._clock()))
            asked = self._clock()
        self._captured.close()

    def _predict(self) -> None:
        while (captured := self._captured.take()) is not None:
            frame, at = captured
            begin = self._clock()
            self.latency.record("wait", begin - at)
            region = region_of(frame)
            logits = self._smoothing(region, self._finder.logits(region[np.newaxis])[0])
            result = on_whole_frame(frame, decide(logits, self._finder.rule))
            predicted = self._clock()
            self.latency.record("predict", predicted - begin)
            picture = draw(frame, result, self.latency.note())
            self.latency.record("draw", self._clock() - predicted)
            self._hand_on(self._drawn, _Drawn(picture, at))
        self._drawn.close()

    def _show(self, sink: Sink) -> None:
        first: float | None = None
        while (drawn := self._drawn.take()) is not None:
            begin = self._clock()
            first = drawn.at if first is None else first
            going_on = sink.show(drawn.picture, drawn.at - first)
            end = self._clock()
            self.latency.record("show", end - begin)
            self.latency.record("total", end - drawn.at)
            self.latency.count(shown=1)
            if not going_on:
                return

    def _hand_on(self, place: Newest[T], value: T) -> None:
        replaced = place.put(value, wait=not self._drop)
        self.latency.count(dropped=int(replaced))

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run the work of a thread; an error ends all of them, and is raised by `run`."""
        try:
            work()
        except BaseException as error:
            self._faults.append(error)
            self._stop()

    def _stop(self) -> None:
        self._captured.close()
        self._drawn.close()
