"""The command `nerveseg` and its exit codes: 1 for bad input, 2 for bad usage, 130 for Ctrl-C.

Modules of this package import the library inside their functions, so that `nerveseg --help` does
not wait for torch. To add a sub-command, write a module here and list its command below.
"""

import sys
from collections.abc import Sequence
from typing import Final

import click

from nerveseg.cli.check_setup import check_setup
from nerveseg.cli.demo import demo
from nerveseg.cli.export import export
from nerveseg.cli.import_data import import_data
from nerveseg.cli.live import live
from nerveseg.cli.models import models
from nerveseg.cli.nnunet import nnunet
from nerveseg.cli.predict import predict
from nerveseg.cli.pseudo_label import pseudo_label
from nerveseg.cli.recover import recover
from nerveseg.cli.repro import repro
from nerveseg.cli.share import share
from nerveseg.cli.simulate_sheet import simulate_sheet
from nerveseg.cli.submission import submission
from nerveseg.cli.train_on import train_on
from nerveseg.errors import InputError, run

# What pyproject.toml calls the extras that install these packages.
_EXTRAS: Final = {
    "av": "media",
    "huggingface_hub": "hub",
    "PIL": "import",
    "pycocotools": "import",
    "pydicom": "media",
    "starlette": "demo",
    "uvicorn": "demo",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="nerveseg")
def nerveseg() -> None:
    """Segment the brachial plexus in ultrasound images, or report that none is visible."""


for command in (
    check_setup,
    repro,
    import_data,
    train_on,
    models,
    predict,
    live,
    demo,
    share,
    export,
    nnunet,
    pseudo_label,
    submission,
    recover,
    simulate_sheet,
):
    nerveseg.add_command(command)


def main() -> None:
    """Run the command line of this process and exit with its code."""
    run(lambda: call(sys.argv[1:]))


def call(arguments: Sequence[str]) -> None:
    """Run `nerveseg` with `arguments`.

    Raises:
        InputError: the input is bad, or a package that the sub-command needs is not installed.
        KeyboardInterrupt: Ctrl-C was pressed.
        SystemExit: with code 2 if the usage is bad.
    """
    try:
        nerveseg.main(list(arguments), prog_name="nerveseg", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort as abort:
        # click replaces the interrupt, whose message may say what was saved.
        raise abort.__cause__ or KeyboardInterrupt from None
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "nerveseg":
            raise
        extra = _EXTRAS.get(error.name.partition(".")[0], "pipeline")
        raise InputError(
            f"the package '{error.name}' is not installed; run pip install 'nerveseg[{extra}]'"
        ) from error
