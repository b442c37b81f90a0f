"""Check that your archive and solution are not outputs of the pipeline, which DVC deletes."""

import argparse
from pathlib import Path

from nerveseg.atomic import whole_file
from nerveseg.errors import run
from nerveseg.outputs import refuse_outputs
from nerveseg.params.data import DataParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/checked.txt, on which the stage download depends."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    refuse_outputs(read("data", DataParams), Path())
    with whole_file(Path("data/checked.txt")) as temporary:
        # Always the same text: a change from one valid archive to another changes nothing here.
        temporary.write_text("data.archive and data.solution are no outputs of the pipeline\n")


if __name__ == "__main__":
    run(main)
