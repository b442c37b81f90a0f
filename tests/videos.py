"""Writes videos for tests, without the reader that is tested."""

from pathlib import Path

import av
import numpy as np


def write_lossless(path: Path, frames: list[np.ndarray]) -> Path:
    """Write frames, H x W uint8, as a video that keeps every grey level."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = "gray"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode(None))
    return path
