"""`nerveseg predict`: masks, overlays and a table of images, DICOM files, videos and cameras."""

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
from nerveseg.cli.path_type import PathType
from nerveseg.errors import InputError

FILE = PathType()
VIEWS = click.Choice(["auto", "none", "flips", "d4"])


@click.command(short_help="Outline the nerve in images, DICOM files and videos.")
@click.argument("model", type=FILE)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT [INPUT]...")
@click.option("-o", "--out", type=FILE, required=True, help="The folder to write to.")
@decision_options
@click.option("--tta", type=VIEWS, help="Views to average over; without it, the model's.")
@engine_option
@click.option("--overlays/--no-overlays", default=True, help="Write pictures with outlines, too.")
@click.option(
    "--rate",
    type=FiniteRange(1, 1000),
    default=25.0,
    show_default=True,
    help="Frames per second of a video of a DICOM cine loop.",
)
@click.option(
    "--frames", type=click.IntRange(1, 1_000_000_000), help="Stop after so many frames of an input."
)
def predict(
    *,
    model: Path,
    inputs: tuple[str, ...],
    out: Path,
    tta: str | None,
    engine: str,
    overlays: bool,
    rate: float,
    frames: int | None,
    **decision: Unpack[DecisionOptions],
) -> None:
    """Outline the nerve in each INPUT, or report that none is visible. Not a medical device.

    MODEL is a zip that nerveseg share wrote, the file in it, or a weights.safetensors of the
    pipeline. INPUT is an image (PNG, JPEG, TIFF, BMP), a DICOM file, a video, a folder of these, a
    pattern in quotes, or the number of a camera (with --frames).

    It writes masks/, overlays/ and predictions.csv. What has been done before with the same model
    and options is not done again. An input that cannot be read is named, and the others go on; the
    exit code is then 1.

    A frame is unsure if its outline and its probability of a nerve disagree: no outline but a
    probability above LOW, or an outline but a probability below HIGH.
    """
    from importlib import metadata

    from nerveseg.bedside.folder import predict_into
    from nerveseg.bedside.outputs_of_source import OutputOptions
    from nerveseg.bedside.records import folders_of
    from nerveseg.engines.sessions import files_of
    from nerveseg.media.sources import find_sources
    from nerveseg.sha256 import sha256_of

    sources = find_sources(inputs, leave_out=folders_of(out))
    if frames is None and any(source.kind == "camera" for source in sources):
        raise InputError("a camera does not end; give --frames N, or use nerveseg live")
    finder = load_deciding(model, tta, engine, decision)
    parts = [metadata.version("nerveseg"), *map(sha256_of, files_of(model)), str(tta), engine]
    identity = " ".join(parts)
    click.echo(f"engine: {finder.engine}\nnot a medical device", err=True)
    predict_into(out, sources, finder, identity, OutputOptions(overlays, rate, frames))
    click.echo(f"{out / 'predictions.csv'}: written")
