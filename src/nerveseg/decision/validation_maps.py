"""Reads the validation frames of one run for fitting its rule."""

from pathlib import Path

from nerveseg.data.split_table import records_of
from nerveseg.decision.measured import Measured, measure
from nerveseg.errors import InputError
from nerveseg.inference.map_features import place_of_nerves
from nerveseg.inference.rule import Rule
from nerveseg.maps import read_maps
from nerveseg.rle import decode


def measure_validation(packed: Path, split: Path, maps: Path, fixed: Rule) -> Measured:
    """Measure the validation frames of one run.

    Args:
        packed: train.csv of the packed data, which holds the true masks.
        split: the split; its training masks say where nerves lie.
        maps: prediction maps of the validation frames, written by the stage predict.
        fixed: the rule of the section `encode`.

    Raises:
        InputError: a file is missing or malformed, there is no validation frame, or there are more
            or fewer maps than validation frames.
    """
    frames, opened = records_of(packed, split, "valid"), read_maps(maps)
    if len(opened) != len(frames):
        raise InputError(
            f"{maps}: {len(opened)} maps for the {len(frames)} validation frames of {split}; "
            "run dvc repro predict"
        )
    nerves = place_of_nerves(decode(row.pixels) for row in records_of(packed, split, "train"))
    subjects, truths = [row.subject for row in frames], [row.pixels for row in frames]
    return measure(opened, subjects, truths, fixed, nerves)
