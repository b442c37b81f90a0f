"""The time to draw a frame of the simulated competition: `python -m benchmarks simulator`."""

import time

from benchmarks.side_by_side import Result, one_cv2_thread, within

from nerveseg.data.simulated.anatomy import draw_neck
from nerveseg.data.simulated.bmode import scan
from nerveseg.data.simulated.tissue import paint

FRAMES = 60
# Fifteen frames per second.
LIMIT_MS = 1000 / 15


def measure() -> dict[str, Result]:
    """Return the processor time per frame, without the TIFF and the outline."""
    neck = draw_neck(3, 9, FRAMES, 0.4)
    with one_cv2_thread():
        start = time.thread_time()
        for frame in range(FRAMES):
            scan(neck, paint(neck, frame), frame)
        spent = time.thread_time() - start
    return {"simulated frame, one core": within(1000 * spent / FRAMES, LIMIT_MS, "ms")}
