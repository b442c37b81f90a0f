"""`nerveseg live`: outlines on a camera or on a video that is replayed at its own rate."""

from pathlib import Path
from typing import Unpack

import click

from nerveseg.cli.decision_options import (
    DecisionOptions,
    decision_options,
    engine_option,
    load_deciding,
)
from nerveseg.cli.finite_range import FiniteRange
from nerveseg.cli.predict import FILE, VIEWS
from nerveseg.errors import InputError


@click.command(short_help="Outline the nerve in a live stream.")
@click.argument("model", type=FILE)
@click.argument("source", metavar="SOURCE")
@click.option("-o", "--out", type=FILE, help="Write a video, an MP4 file, instead of a window.")
@click.option("--blind", is_flag=True, help="Show nothing, to measure the delay.")
@click.option("--every", is_flag=True, help="Drop no frame; the stream then waits.")
@click.option("--frames", type=click.IntRange(min=1), help="Stop after so many frames.")
@click.option(
    "--smoothing",
    type=FiniteRange(0, 1, max_open=True),
    default=0.7,
    show_default=True,
    help="Weight of the frames before, where nothing moves.",
)
@decision_options
@click.option("--tta", type=VIEWS, default="none", show_default=True, help="Views to average over.")
@engine_option
def live(
    *,
    model: Path,
    source: str,
    out: Path | None,
    blind: bool,
    every: bool,
    frames: int | None,
    smoothing: float,
    tta: str,
    engine: str,
    **decision: Unpack[DecisionOptions],
) -> None:
    """Outline the nerve in SOURCE while it plays. Not a medical device.

    SOURCE is the number of a camera or frame grabber, or a video or DICOM cine loop, which is
    replayed at its own rate. A frame that arrives before the one before it was predicted replaces
    it: the delay does not grow, and the frames that were dropped are counted. At the end, or after
    Ctrl-C, the times of each part are printed.
    """
    from itertools import islice

    import numpy as np

    from nerveseg.bedside.live import Live
    from nerveseg.bedside.sinks import NullSink, Sink, VideoSink, WindowSink
    from nerveseg.bedside.smoothing import MotionAwareAverage
    from nerveseg.bedside.video_target import check_video_target
    from nerveseg.media.sources import find_sources

    if out is not None and blind:
        raise click.UsageError("--out and --blind exclude each other; give one of them.")
    found = find_sources([source])
    if len(found) != 1 or found[0].kind == "still":
        raise InputError(f"{source}: not a video, a cine loop or a camera; use nerveseg predict")
    if out is not None:
        check_video_target(out, [model, *(each.path for each in found)])
    finder = load_deciding(model, tta, engine, decision)
    # The first pass through a network takes far longer than the others.
    finder.find(np.zeros((1, 1), np.uint8))
    sink: Sink = NullSink() if blind else WindowSink() if out is None else VideoSink(out)
    stream = Live(finder, MotionAwareAverage(smoothing), drop=not every)
    click.echo(f"engine: {finder.engine}\nnot a medical device", err=True)
    stream.run(
        islice(found[0].frames(), frames), sink, paced=found[0].kind != "camera" and not every
    )
    for line in stream.latency.lines():
        click.echo(line)
