"""Writes the zip of a run."""

import tempfile
from pathlib import Path

from nerveseg.artefact.format import Artefact, write_artefact
from nerveseg.package import MODEL, check_target, write_package
from nerveseg.sharing.card import card_of
from nerveseg.sharing.collect import collect


def share(run: str, out: Path) -> Artefact:
    """Write the zip of `run` of the project in the working directory, and return what it says.

    The same outputs of the pipeline give the same bytes.

    Raises:
        InputError: the run's outputs are missing or out of date; `out` is no name of a zip, or a
            file that is no shared run.
    """
    check_target(out)
    shared = collect(run)
    card = card_of(shared.artefact, shared.description, out.name)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / MODEL
        write_artefact(shared.weights, shared.artefact, model)
        write_package(out, model, card)
    return shared.artefact
