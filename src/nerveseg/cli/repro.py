"""`nerveseg repro`: `dvc repro` with several runs at once."""

import click


@click.command(short_help="Rebuild everything, several runs at a time.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    help="Runs at a time; by default one per core, or one on a GPU.",
)
def repro(jobs: int | None) -> None:
    """Bring the pipeline of the working directory up to date, like dvc repro.

    Runs that have to be trained are trained side by side. The results are those of dvc repro: each
    stage computes on one thread, or on OMP_NUM_THREADS if that is set. Ctrl-C stops all of them;
    started again, each goes on where it was.
    """
    from nerveseg.reproduce import default_jobs, reproduce

    reproduce(jobs or default_jobs())
