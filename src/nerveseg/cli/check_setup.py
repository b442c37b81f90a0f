"""`nerveseg check-setup`: says at once everything that would stop the pipeline later."""

from pathlib import Path

import click


@click.command(short_help="Check parameters, data and machine.")
def check_setup() -> None:
    """Check parameters, data and machine, as the first stage of the pipeline does.

    Each fault is a line that names the file and the key and says what to write: parameters, names
    of runs, pretrained weights, the names and tables of an archive and its solution, environment
    variables, and room on the disk. No frame is decoded.
    """
    from nerveseg.preflight import check_everything

    check_everything(Path())
    click.echo("parameters, data and machine are fine")
