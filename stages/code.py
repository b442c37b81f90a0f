"""Find out which code each stage depends on; a stage runs again when that code changes."""

import argparse
from pathlib import Path

from nerveseg.errors import run
from nerveseg.models.registry import module_of
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams
from nerveseg.relevant_code import write_fingerprints


def main() -> None:
    """Write data/.code/STAGE.json, and data/.code/RUN/STAGE.json for runs and ensembles."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    runs = read("models", ModelsParams).runs()
    networks = {name: module_of(chosen.network) for name, chosen in runs.items()}
    ensembles = read("ensembles", EnsemblesParams).names()
    write_fingerprints(Path("data/.code"), Path("dvc.yaml"), networks, ensembles)


if __name__ == "__main__":
    run(main)
