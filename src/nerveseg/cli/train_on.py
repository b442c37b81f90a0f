"""`nerveseg train-on`: imports a folder and runs the pipeline on it."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from nerveseg.cli.import_data import FILE, import_data, import_for_pipeline
from nerveseg.errors import InputError

_OF_DVC: Final = 255  # what DVC ends with if it does not begin to run
_OWN: Final = ("folder", "out", "dry_run", "sheet")


@click.command(
    "train-on",
    short_help="Import a folder and run the pipeline on it.",
    params=[each for each in import_data.params if each.name not in _OWN],
)
@click.argument("folder", type=FILE)
@click.option("--out", type=FILE, help="The new folder; otherwise FOLDER-archive.")
@click.option("--set", "parameters", multiple=True, metavar="KEY=VALUE", help="A parameter, too.")
def train_on(
    folder: Path, out: Path | None, parameters: tuple[str, ...], **options: object
) -> None:
    """Do what `nerveseg import` does, and then run the pipeline on the archive.

    Run it in the folder that contains dvc.yaml. The parameters that suit the archive are written
    to params.yaml, and so are those of --set, such as --set train.epochs=30.
    """
    if not Path("dvc.yaml").exists():
        raise InputError("no dvc.yaml here; run this in the folder that contains dvc.yaml")
    target = out or folder.absolute().with_name(f"{folder.absolute().name}-archive")
    suited = import_for_pipeline(folder, target, options)
    from nerveseg.importing.advice import command_words

    words = [*command_words(suited), *(word for each in parameters for word in ("-S", each))]
    failed = subprocess.run([sys.executable, "-m", *words], check=False).returncode
    if failed == _OF_DVC:
        raise InputError(
            f"the pipeline did not run, for the reason above; {target} is complete, so correct it "
            f"and run: {shlex.join(words)}"
        )
    sys.exit(failed)
