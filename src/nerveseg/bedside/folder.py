"""Predicts any number of sources into one folder, and goes on where it was interrupted."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args

from tqdm import tqdm

from nerveseg.artefact.decision import State
from nerveseg.bedside.frame_result import Finder
from nerveseg.bedside.outputs_of_source import EVERYTHING, OutputOptions, Progress, predict_source
from nerveseg.bedside.records import (
    Record,
    Row,
    claim,
    forget,
    is_current,
    key_of,
    read_record,
    write_record,
    write_table,
)
from nerveseg.bedside.uninterrupted import uninterrupted
from nerveseg.bedside.words import counted, in_words
from nerveseg.errors import InputError
from nerveseg.media.sources import Source

_STATES: Final = get_args(State)


def predict_into(
    out: Path,
    sources: Sequence[Source],
    finder: Finder,
    model: str,
    options: OutputOptions = EVERYTHING,
) -> Counter[State]:
    """Predict `sources`, write masks, overlays and predictions.csv below `out`, and say so.

    What an earlier run did with the same content, model and options is kept.

    Args:
        out: the folder of the outputs.
        sources: what to predict.
        finder: the trained network.
        model: identifies its weights and its test-time augmentation, such as a checksum.
        options: what to write.

    Returns:
        How many frames are in each state.

    Raises:
        InputError: `out` holds files of others, or sources could not be read; stderr names them.
    """
    claim(out)
    settings = f"{model} {finder.rule.model_dump_json()} {options}"
    found: dict[str, list[Row]] = {}
    kept = 0
    try:
        with tqdm(sources, "predict", unit="file", disable=len(sources) == 1 or None) as bar:
            for source in bar:
                try:
                    record, again = _predicted(source, finder, out, options, settings)
                except InputError as error:
                    tqdm.write(f"error: {' '.join(str(error).split())}", file=sys.stderr)
                    continue
                kept += not again
                found[source.name] = record.rows
                tqdm.write(f"{source.name}: {_in_words(record.rows)}{'' if again else ' (kept)'}")
    finally:
        with uninterrupted():  # also after Ctrl-C: the table then lists what is done
            write_table(out, found.items())
    states = Counter(row.state for rows in found.values() for row in rows)
    if len(sources) > 1:
        tqdm.write(f"{counted(len(found), 'file')} ({kept} kept from before): {_counts(states)}")
    if failed := len(sources) - len(found):
        raise InputError(
            f"{failed} of {len(sources)} inputs could not be predicted; the lines above name them"
        )
    return states


def _predicted(
    source: Source, finder: Finder, out: Path, options: OutputOptions, settings: str
) -> tuple[Record, bool]:
    """Return the record of a source, and whether it was predicted now."""
    key = key_of(source, settings)
    record = read_record(out, source.name)
    if record is not None and is_current(out, record, key):
        return record, False
    forget(out, source.name)
    files, rows = predict_source(source, finder, out, options, _progress_of(source))
    record = Record(key=key or "", files=files, rows=rows)
    write_record(out, source.name, record)
    return record, True


def _progress_of(source: Source) -> Progress:
    """Return what shows how many frames of a source were read."""
    hidden = source.kind == "still" or None  # None: hidden unless it goes to a terminal
    return lambda frames: tqdm(frames, source.name, unit="frame", leave=False, disable=hidden)


def _in_words(rows: Sequence[Row]) -> str:
    if len(rows) > 1:
        return f"{len(rows)} frames: {_counts(Counter(row.state for row in rows))}"
    row = rows[0]
    return in_words(row.state, row.probability, row.area_px, row.area_mm2)


def _counts(states: Counter[State]) -> str:
    return ", ".join(f"{states[state]} {state}" for state in _STATES)
