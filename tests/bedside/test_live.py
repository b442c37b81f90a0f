"""A live stream is predicted and shown: the newest frame wins, and nothing is lost silently."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from brightness import Brightness, finder, frame
from nerveseg.bedside.latency import PARTS, Latency
from nerveseg.bedside.live import Live
from nerveseg.bedside.newest import Newest
from nerveseg.bedside.sinks import NullSink, VideoSink, WindowSink
from nerveseg.bedside.smoothing import MotionAwareAverage
from nerveseg.errors import InputError
from nerveseg.media.frame import Frame
from nerveseg.media.video import read_video


class Kept(NullSink):
    """Keeps the pictures, and stops after `most`."""

    def __init__(self, most: int = 1000) -> None:
        self.pictures: list[np.ndarray] = []
        self.times: list[float] = []
        self.failed: bool | None = None
        self._most = most

    def show(self, picture: np.ndarray, time: float) -> bool:
        self.pictures.append(picture)
        self.times.append(time)
        return len(self.pictures) < self._most

    def close(self, *, failed: bool) -> None:
        self.failed = failed


def stream(count: int) -> Iterator[Frame]:
    for index in range(count):
        yield Frame(frame(left=10 + index % 30), time=index / 20)


def live(source: Brightness | None = None, *, drop: bool = True) -> Live:
    return Live(finder(source), MotionAwareAverage(0.0), drop=drop)


def test_every_frame_is_shown_in_order_if_none_may_be_dropped() -> None:
    found, sink = live(drop=False), Kept()
    found.run(stream(12), sink, paced=False)
    assert (found.latency.shown, found.latency.dropped) == (12, 0)
    green = [np.argwhere(np.ptp(each[:-44].astype(int), axis=2) > 50) for each in sink.pictures]
    left = [int(where[:, 1].min()) for where in green]
    assert left == sorted(left)
    assert len(set(left)) == 12
    assert sink.failed is False


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    captured = threading.Event()

    class Slow(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            captured.wait(10)  # until the whole stream has been captured
            return super().logits(images)

    def whole() -> Iterator[Frame]:
        yield from stream(20)
        captured.set()

    source, sink = Slow(), Kept()
    found = live(source)
    found.run(whole(), sink, paced=False)
    # The first frame may have been taken before the others came; the last one always is.
    assert source.images in (1, 2)
    assert found.latency.shown + found.latency.dropped == 20
    last = np.argwhere(np.ptp(sink.pictures[-1][:-44].astype(int), axis=2) > 50)
    assert last[:, 1].min() / 7 == pytest.approx(29, abs=1)


def test_a_file_is_replayed_at_its_own_rate() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    found = Live(finder(), MotionAwareAverage(0.0), drop=False, clock=lambda: now[0], sleep=sleep)
    sink = Kept()
    found.run(stream(5), sink, paced=True)
    assert sum(slept) == pytest.approx(4 / 20)
    assert len(sink.pictures) == 5
    slept.clear()
    Live(finder(), MotionAwareAverage(0.0), sleep=sleep).run(stream(5), Kept(), paced=False)
    assert slept == []


def test_the_sink_can_stop_the_stream() -> None:
    def endless() -> Iterator[Frame]:
        while True:
            yield from stream(5)

    sink = Kept(most=3)
    live().run(endless(), sink, paced=False)
    assert len(sink.pictures) == 3
    assert sink.failed is False


def test_ctrl_c_keeps_what_was_shown() -> None:
    class Interrupted(Kept):
        def show(self, picture: np.ndarray, time: float) -> bool:
            super().show(picture, time)
            raise KeyboardInterrupt

    sink = Interrupted()
    live().run(stream(5), sink, paced=False)
    assert sink.failed is False


def test_another_ctrl_c_keeps_what_was_shown_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Kept):
        def show(self, picture: np.ndarray, time: float) -> bool:
            super().show(picture, time)
            raise KeyboardInterrupt

    def impatient(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    sink, found, before = Interrupted(), live(), set(threading.enumerate())
    monkeypatch.setattr(threading.Thread, "join", impatient)
    with pytest.raises(KeyboardInterrupt):
        found.run(stream(5), sink, paced=False)
    assert sink.failed is False
    monkeypatch.undo()
    for thread in set(threading.enumerate()) - before:
        thread.join()


@pytest.mark.parametrize("where", ["capture", "predict", "show"])
def test_an_error_in_any_thread_ends_all_and_is_raised(where: str) -> None:
    def frames() -> Iterator[Frame]:
        yield from stream(3)
        if where == "capture":
            raise InputError("broken")

    class Broken(Brightness):
        def logits(self, images: np.ndarray) -> np.ndarray:
            if where == "predict":
                raise InputError("broken")
            return super().logits(images)

    class Fragile(Kept):
        def show(self, picture: np.ndarray, time: float) -> bool:
            if where == "show":
                raise InputError("broken")
            return super().show(picture, time)

    before, sink = threading.active_count(), Fragile()
    with pytest.raises(InputError, match=r"^broken$"):
        live(Broken()).run(frames(), sink, paced=False)
    assert sink.failed is True
    assert threading.active_count() == before


def test_a_video_sink_keeps_the_times(tmp_path: Path) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    stream_of_file = Live(
        finder(), MotionAwareAverage(0.0), drop=False, clock=lambda: now[0], sleep=sleep
    )
    stream_of_file.run(stream(6), VideoSink(tmp_path / "a.mp4"), paced=True)
    found = list(read_video(tmp_path / "a.mp4"))
    assert len(found) == 6
    assert found[0].image.shape[1] >= 400


def test_a_video_sink_leaves_nothing_after_an_error(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4")
    sink.show(np.zeros((20, 30, 3), np.uint8), 0.0)
    with pytest.raises(InputError, match="change their size"):
        sink.show(np.zeros((20, 32, 3), np.uint8), 0.1)
    sink.close(failed=True)
    assert list(tmp_path.iterdir()) == []


def test_without_windows_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_window(*_: object) -> None:
        raise cv2.error("not implemented")

    monkeypatch.setattr(cv2, "namedWindow", no_window)
    with pytest.raises(InputError, match=r"no window: .*opencv-python.*-o FILE\.mp4"):
        WindowSink()


def test_percentiles_are_those_of_numpy_in_ms() -> None:
    latency, seconds = Latency(), np.random.default_rng(0).uniform(0, 1, 101)
    for each in seconds:
        latency.record("predict", each)
    assert latency.percentiles("predict") == pytest.approx(np.percentile(seconds * 1000, [50, 95]))
    assert all(math.isnan(each) for each in latency.percentiles("show"))
    assert [line.split()[0] for line in latency.lines()[1:-1]] == list(PARTS)


def test_a_place_hands_on_the_newest_and_says_what_was_replaced() -> None:
    place: Newest[int] = Newest()
    assert not place.put(1)
    assert place.put(2)
    assert place.take() == 2
    place.put(3)
    place.close()
    assert place.take() == 3, "what is there can still be taken"
    assert place.take() is None
