"""Find training frames whose label contradicts the labels of their near-duplicates."""

import argparse
from pathlib import Path

from nerveseg.data.audit import contradictions, write_contradictions
from nerveseg.data.packed import Packed
from nerveseg.errors import run
from nerveseg.params.data import AuditParams
from nerveseg.params.section import read


def main() -> None:
    """Write data/audit.csv from data/packed."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    params = read("audit", AuditParams)
    packed = Packed.open(Path("data/packed"))
    found = contradictions(packed.train_images, packed.train, **params.model_dump())
    write_contradictions(Path("data/audit.csv"), found)
    print(f"{len(found)} of {len(packed.train)} frames have doubtful labels: see data/audit.csv")


if __name__ == "__main__":
    run(main)
