"""`nerveseg share`: one file of a finished run, for another machine."""

from pathlib import Path

import click

from nerveseg.cli.path_type import PathType


@click.command(short_help="Pack a trained run into one file for another machine.")
@click.argument("run")
@click.option(
    "-o",
    "--out",
    type=PathType(dir_okay=False),
    help="The zip to write; without it, RUN.nerveseg.zip.",
)
@click.option("--push", "repository", metavar="USER/REPO", help="Also upload it to Hugging Face.")
def share(run: str, out: Path | None, repository: str | None) -> None:
    """Pack RUN of this project into a zip: the network with all that predicting takes, and a card.

    Run it after dvc repro, in the folder that contains dvc.yaml. Outputs that are out of date are
    refused. Another machine needs no more than nerveseg and the zip; see nerveseg predict.

    --push uploads the files of the zip with huggingface_hub and the token of this machine.
    """
    from nerveseg.sharing.collect import default_out
    from nerveseg.sharing.push import check_repository, hub_client, push
    from nerveseg.sharing.share import share as pack

    if repository is not None:
        check_repository(repository)
    client = hub_client() if repository is not None else None
    target = out or default_out(run)
    artefact = pack(run, target)
    dice = artefact.metrics.get("dice")
    scored = f", validation Dice {dice:.3f}" if isinstance(dice, float) else ""
    click.echo(f"{target}: {artefact.title}{scored}; the README.md inside describes it")
    if repository is not None and client is not None:
        push(target, repository, run, client)
        click.echo(f"uploaded to https://huggingface.co/{repository}")
