"""`nerveseg simulate-sheet`: what the simulated competition looks like."""

from pathlib import Path

import click


@click.command(short_help="Draw eight simulated frames as one PNG.")
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT.png")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=2016,
    show_default=True,
    help="Seed of the competition.",
)
def simulate_sheet(out: Path, seed: int) -> None:
    """Draw eight simulated frames with the outlines of their nerves as one PNG."""
    from nerveseg.data.simulated.sheet import write_sheet

    write_sheet(out, seed)
