"""Videos are written and read frame by frame, and only from local files."""

import signal
import threading
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from nerveseg.errors import InputError
from nerveseg.media.video import VideoWriter, read_video, read_video_values
from videos import write_lossless


def pictures(count: int, height: int = 48, width: int = 64) -> np.ndarray:
    ramp = np.linspace(0, 200, width, dtype=np.uint8)
    frame = np.broadcast_to(ramp, (height, width))
    return np.stack([np.dstack([frame + 5 * index] * 3) for index in range(count)])


def written(path: Path, frames: np.ndarray, times: list[float] | None = None) -> Path:
    with VideoWriter(path, 10.0) as writer:
        for index, frame in enumerate(frames):
            writer.write(frame, times[index] if times else None)
    return path


def test_what_is_written_is_read_with_its_times(tmp_path: Path) -> None:
    frames = pictures(6)
    found = list(read_video(written(tmp_path / "a.mp4", frames)))
    assert [frame.time for frame in found] == pytest.approx([index / 10 for index in range(6)])
    shown = np.stack([frame.image for frame in found]).astype(int)
    assert np.abs(shown - frames[..., 0]).mean() < 3


def test_a_video_without_loss_gives_its_grey_levels(tmp_path: Path) -> None:
    frames = np.random.default_rng(4).integers(0, 256, (3, 48, 64), dtype=np.uint8)
    path = write_lossless(tmp_path / "a.mkv", list(frames))
    assert np.array_equal([frame.image for frame in read_video(path)], frames)
    assert np.array_equal(
        list(read_video_values(path)), np.repeat(frames[..., np.newaxis], 3, axis=3)
    )
    [first, *_] = read_video(path, levels=(100, 101))
    assert np.array_equal(first.image, 255 * (frames[0] > 100))


def test_frames_keep_the_times_that_they_are_given(tmp_path: Path) -> None:
    times = [0.0, 0.05, 0.3, 0.31]
    found = list(read_video(written(tmp_path / "a.mp4", pictures(4), times)))
    assert [frame.time for frame in found] == pytest.approx(times, abs=1e-3)


def test_odd_sides_lose_a_line(tmp_path: Path) -> None:
    [frame] = read_video(written(tmp_path / "a.mp4", pictures(1, 31, 45)))
    assert frame.image.shape == (30, 44)


def test_a_video_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), VideoWriter(tmp_path / "a.mp4") as writer:  # noqa: PT012
        writer.write(pictures(1)[0])
        raise KeyError
    assert list(tmp_path.iterdir()) == []


class Interrupting:
    """A container that is interrupted when the encoder gives the first frames, and at the end."""

    def __init__(self, container: av.container.OutputContainer) -> None:
        self._container = container
        self._waits = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401, D105
        return getattr(self._container, name)

    def mux(self, packets: list[Any]) -> None:
        if packets and self._waits:
            self._waits = False
            self._interrupt()
        self._container.mux(packets)

    def close(self) -> None:
        self._interrupt()
        self._container.close()

    def _interrupt(self) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def test_an_interrupt_loses_and_damages_no_frame(tmp_path: Path) -> None:
    rng, interrupts, count = np.random.default_rng(0), 0, 80
    writer = VideoWriter(tmp_path / "a.mp4", 10.0).__enter__()
    writer._container = Interrupting(writer._container)  # type: ignore[assignment]
    for _ in range(count):
        try:
            writer.write(rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        except KeyboardInterrupt:
            interrupts += 1
    with pytest.raises(KeyboardInterrupt):
        writer.__exit__(None, None, None)
    assert interrupts == 1
    assert len(list(read_video(tmp_path / "a.mp4"))) == count
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    target = written(tmp_path / "target.mp4", pictures(2))
    path = tmp_path / "a.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match=r"a\.mp4: not a video"):
        list(read_video(path))


def test_frames_that_are_too_large_are_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.mp4", pictures(2))
    monkeypatch.setattr("nerveseg.media.frame.MOST_PIXELS", 1000)
    monkeypatch.setattr(
        av.VideoFrame, "to_ndarray", lambda *_: pytest.fail("decoded"), raising=True
    )
    with pytest.raises(InputError, match=r"a\.mp4: 64 wide and 48 high, more than the 1,000"):
        list(read_video(path))


def test_a_codec_that_is_not_known_is_one_line(tmp_path: Path) -> None:
    content = written(tmp_path / "a.mp4", pictures(2)).read_bytes()
    (tmp_path / "b.mp4").write_bytes(content.replace(b"avc1", b"zzzz").replace(b"mp4v", b"zzzz"))
    with pytest.raises(InputError, match=r"b\.mp4: its codec is not known"):
        list(read_video(tmp_path / "b.mp4"))


def test_a_damaged_video_is_one_line(tmp_path: Path) -> None:
    content = written(tmp_path / "a.mp4", pictures(20)).read_bytes()
    for end in (0, 20, len(content) // 3):
        (tmp_path / "b.mp4").write_bytes(content[:end])
        with pytest.raises(InputError, match=r"b\.mp4: not a video, or a damaged one"):
            list(read_video(tmp_path / "b.mp4"))
