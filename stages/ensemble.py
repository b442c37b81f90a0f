"""Average the prediction maps of several runs into those of an ensemble."""

import argparse
from pathlib import Path

from nerveseg.data.packed import read_test
from nerveseg.data.split_table import records_of
from nerveseg.decision.combine_runs import VALID, equal_weights, greedy_weights, write_ensemble
from nerveseg.errors import run, within
from nerveseg.external_maps import Frames, folders_of
from nerveseg.inference.decision_file import FIXED
from nerveseg.inference.ensemble import open_maps
from nerveseg.inference.rule import Rule
from nerveseg.params.ensembles import EnsemblesParams
from nerveseg.params.results import DecideParams, EncodeParams
from nerveseg.params.section import read
from nerveseg.params.train import ModelsParams


def main() -> None:
    """Write data/ensembles/NAME."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a key of params.yaml's ensembles")
    name = parser.parse_args().name
    params, data = read("ensembles", EnsemblesParams).ensemble(name), Path("data")
    runs = params.members(read("models", ModelsParams))
    frames = records_of(data / "packed/train.csv", data / "split.csv", "valid")
    test = [(img,) for img in read_test(data / "packed/test.csv")]
    listed = Frames([frame[:2] for frame in frames], test)
    predictions = folders_of(runs, data / "predictions", listed)
    selection = equal_weights(runs, len(frames))
    if params.select == "greedy":
        fixed = Rule(name=FIXED, **read("encode", EncodeParams).model_dump())
        folds = read("decide", DecideParams).folds
        opened = open_maps({run: folder / VALID for run, folder in predictions.items()})
        with within(f"params.yaml: ensembles.{name}"):
            selection = greedy_weights(opened, frames, params.combine, fixed, folds)
    write_ensemble(data / "ensembles" / name, predictions, selection, frames, params.combine)


if __name__ == "__main__":
    run(main)
