"""`nerveseg demo`: a page on this machine to try trained networks on one's own files."""

from pathlib import Path
from typing import Unpack

import click

from nerveseg.cli.decision_options import (
    DecisionOptions,
    decision_options,
    engine_option,
    load_deciding,
)
from nerveseg.cli.predict import FILE, VIEWS


@click.command(short_help="Try networks on a page in the browser.")
@click.argument("models", type=FILE, nargs=-1, required=True, metavar="MODEL [MODEL]...")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8731,
    show_default=True,
    help="Where to serve the page; 0 for any free port.",
)
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser.")
@decision_options
@click.option("--tta", type=VIEWS, help="Views to average over; without it, the model's.")
@engine_option
def demo(
    *,
    models: tuple[Path, ...],
    port: int,
    browser: bool,
    tta: str | None,
    engine: str,
    **decision: Unpack[DecisionOptions],
) -> None:
    """Serve a page on which to drop images, videos and DICOM files. Not a medical device.

    The page shows the outline, the probability of a nerve, the state and the latency, and switches
    between the MODELs and the frames. Only this machine can open it, and nothing leaves this
    machine. MODEL is a zip that nerveseg share wrote, the file in it, or a weights.safetensors of
    the pipeline. Ctrl-C ends the page and deletes what was dropped on it.
    """
    from nerveseg.demo.networks import Network, names_of
    from nerveseg.demo.server import serve

    finders = [load_deciding(model, tta, engine, decision) for model in models]
    networks = [Network(*pair) for pair in zip(names_of(models), finders, strict=True)]
    serve(networks, port, browser=browser)
