"""`nerveseg models`: the networks, their papers and their costs."""

import click

from nerveseg.errors import InputError


@click.command(short_help="List the networks and what they cost.")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option(
    "--size",
    type=(int, int),
    default=(256, 256),
    metavar="H W",
    show_default=True,
    help="Height and width of the image.",
)
@click.option(
    "--channels",
    type=click.Choice(["1", "3"]),
    default="1",
    show_default=True,
    help="Channels of the image.",
)
@click.option("--batch", type=int, default=8, show_default=True, help="Images in a training step.")
@click.option(
    "--width", type=int, help="Channels of the first level; without it, those of each paper."
)
def models(
    networks: tuple[str, ...], size: tuple[int, int], channels: str, batch: int, width: int | None
) -> None:
    """List the networks: paper, parameters, multiply-adds, latency, memory of a training step.

    Without NETWORK, all that this project implements are listed; smp is one of the library's.
    """
    from nerveseg.models.overview import overview
    from nerveseg.models.registry import OWN

    if min(*size, batch) < 1:
        raise InputError("--size and --batch: give numbers above 0")
    for line in overview(networks or OWN, size, int(channels), batch, width):
        click.echo(line)
