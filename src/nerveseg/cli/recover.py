"""`nerveseg recover`: makes DVC usable again after it was killed."""

from pathlib import Path

import click


@click.command(short_help="Repair what a killed DVC left behind.")
def recover() -> None:
    """Repair what a killed DVC left behind in the working directory's repository.

    DVC rewrites dvc.lock and .dvc/tmp/rwlock in place. If it is killed while it writes, it leaves
    a truncated file, and every later dvc command fails. An unreadable dvc.lock is moved aside (DVC
    finds the finished stages in its run cache); a stale rwlock is removed, and so is what killed
    stages left beside their outputs. Staged changes of params.yaml, such as a killed dvc exp run
    leaves, are pointed out.
    """
    from nerveseg.recover import recover as repair

    for line in repair(Path()):
        click.echo(line)
