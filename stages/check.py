"""Check that the archive is no output of the pipeline, before DVC deletes one."""

import argparse
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.errors import run
from nerveseg.outputs import refuse_outputs
from nerveseg.params.data import DataParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/checked.txt; the download waits for it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    refuse_outputs(read("data", DataParams), Path())
    with whole_file(Path("data/checked.txt")) as temporary:
        # Always the same: another archive that is as safe as the last changes nothing here.
        temporary.write_text("data.archive and data.solution are no outputs of the pipeline\n")


if __name__ == "__main__":
    run(main)
