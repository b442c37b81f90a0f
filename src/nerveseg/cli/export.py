"""`nerveseg export`: a trained network for ONNX Runtime or OpenVINO."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from nerveseg.engines.agreement import Agreement
    from nerveseg.engines.export import Source

FILE = click.Path(dir_okay=False, path_type=Path)
ARCHIVE = Path("data/verified/competition.zip")
CALIBRATION = 60


@click.group(short_help="Write a trained network for ONNX Runtime or OpenVINO.")
def export() -> None:
    """Write a trained network for ONNX Runtime or OpenVINO.

    The file takes a grey frame of 420 x 580 pixels and returns the probability of each pixel:
    resizing, normalisation and test-time augmentation are inside. The rule that makes a mask of it
    is written beside it, as JSON. A file is only written if its masks agree with those of torch on
    every test frame on average: a mean Dice of 0.999, or 0.99 for 8-bit integers.
    """


def _shared(command: Any) -> Any:  # noqa: ANN401
    """Add what both commands take."""
    for decorate in (
        click.argument("model", type=FILE),
        click.option("-o", "--output", type=FILE, required=True, help="The file to write."),
        click.option(
            "--tta",
            type=click.Choice(["auto", "none"]),
            default="auto",
            help="Views inside the file: those of training (the default), or only the frame.",
        ),
        click.option(
            "--archive",
            type=click.Path(path_type=Path),
            default=ARCHIVE,
            show_default=True,
            help="The competition whose test frames must agree.",
        ),
    ):
        command = decorate(command)
    return command


@export.command()
@_shared
def onnx(model: Path, output: Path, tta: str, archive: Path) -> None:
    """Write a file for ONNX Runtime.

    MODEL is a file weights.safetensors of the stage train, or what nerveseg share wrote.
    """
    from nerveseg.data.archive import Competition
    from nerveseg.engines.export import export_onnx

    _check(output, ".onnx")
    with Competition(archive) as competition:
        frames = (competition.test_image(img) for img in competition.test)
        _report(output, export_onnx(_source(model, tta), output, frames))


@export.command()
@_shared
@click.option("--int8", is_flag=True, help="Compute in 8-bit integers, for speed.")
def openvino(model: Path, output: Path, tta: str, archive: Path, int8: bool) -> None:
    """Write files for OpenVINO.

    MODEL is a file weights.safetensors of the stage train, or what nerveseg share wrote. Beside the
    file .xml stands one with the weights, .bin.
    """
    from nerveseg.data.archive import Competition
    from nerveseg.engines.export import export_openvino

    _check(output, ".xml")
    with Competition(archive) as competition:
        step = max(1, len(competition.train) // CALIBRATION)
        chosen = competition.train[::step] if int8 else []
        frames = (competition.test_image(img) for img in competition.test)
        ranges = [competition.image(record) for record in chosen]
        _report(output, export_openvino(_source(model, tta), output, frames, ranges))


def _check(output: Path, suffix: str) -> None:
    if output.suffix != suffix:
        raise click.UsageError(f"--output: '{output}' must end in {suffix}")


def _source(model: Path, tta: str) -> "Source":
    from nerveseg.artefact.decision import DecisionRule
    from nerveseg.artefact.format import read_artefact
    from nerveseg.engines.export import Source
    from nerveseg.engines.graph import FrameToProbability
    from nerveseg.inference.tta import choose_views
    from nerveseg.models.weights import load_weights
    from nerveseg.package import unpacked_model
    from nerveseg.params.results import EncodeParams
    from nerveseg.params.section import read
    from nerveseg.rle import IMAGE_SHAPE

    with unpacked_model(model) as file:
        artefact = read_artefact(file)
        network, description = load_weights(file)
    views = choose_views("auto" if tta == "auto" else "none", description)
    graph = FrameToProbability(network, description, views, IMAGE_SHAPE)
    if artefact:
        return Source(graph, IMAGE_SHAPE, artefact.rule)
    return Source(graph, IMAGE_SHAPE, DecisionRule(**read("encode", EncodeParams).model_dump()))


def _report(output: Path, found: "Agreement") -> None:
    click.echo(
        f"{output}: masks agree with torch's on {found.frames} frames: mean Dice {found.dice:.5f}, "
        f"lowest {found.lowest:.4f}"
    )
