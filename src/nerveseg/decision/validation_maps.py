"""Reads the validation frames of one run, and decides by them."""

from functools import partial
from pathlib import Path

from nerveseg.data.split_table import records_of
from nerveseg.decision.decide import decide, decide_fixed, matched_to_test
from nerveseg.decision.fit_shapes import fit_shapes
from nerveseg.decision.measured import Measured, measure
from nerveseg.errors import InputError
from nerveseg.inference.decision_file import FIXED, SHAPE, SWEEP, Decision
from nerveseg.inference.map_features import place_of_nerves
from nerveseg.inference.rule import Rule
from nerveseg.inference.shape_prior import ShapePrior
from nerveseg.inference.sweep import Sweep, smoothed_test, smoothed_validation
from nerveseg.maps import read_maps
from nerveseg.params.results import DecideParams
from nerveseg.rle import decode


def decide_run(
    data: Path,
    maps: Path,
    fixed: Rule,
    params: DecideParams,
    *,
    sweep: Sweep | None,
    level: float,
) -> Decision:
    """Fit the rule of one run, smooth its maps, or redraw its outlines, or several of these.

    Args:
        data: the folder of packed/ and split.csv.
        maps: the folder of valid.b2nd and test.b2nd.
        fixed: the rule of the section `encode`.
        params: the section `decide`.
        sweep: how maps are smoothed; None if they are not.
        level: confidence level of the intervals.

    Raises:
        InputError: see `measure_validation`, `smoothed_test`, `fit_shapes` and `decide`.
    """
    files = data / "packed/train.csv", data / "split.csv", maps / "valid.b2nd"
    shape = _fitted_shape(*files[:2], params.shape)
    steps = {FIXED: measure_validation(*files, fixed)}
    if sweep:
        steps[SWEEP] = measure_validation(*files, fixed, sweep=sweep)
    if shape:
        steps[SHAPE] = measure_validation(*files, fixed, sweep=sweep, shape=shape)
    *_, (own, measured) = steps.items()
    if params.rule == FIXED:
        decision = decide_fixed(steps, fixed, level)
    else:
        earlier = {name: each for name, each in steps.items() if name != own}
        fitted = partial(decide, measured, fixed, params.rule, folds=params.folds, level=level)
        decision = fitted(earlier=earlier, own=own)
    if params.match_prevalence:
        test = smoothed_test(read_maps(maps / "test.b2nd"), sweep, data)
        decision = matched_to_test(decision, measured, test)
    return decision.model_copy(update={"sweep": sweep, "shape": shape})


def measure_validation(
    packed: Path,
    split: Path,
    maps: Path,
    fixed: Rule,
    *,
    sweep: Sweep | None = None,
    shape: ShapePrior | None = None,
) -> Measured:
    """Measure the validation frames of one run, a map at a time.

    Args:
        packed: train.csv of the packed data, which holds the true masks.
        split: the split; the masks of frames that only train say where nerves lie.
        maps: prediction maps of the validation frames, written by the stage predict.
        fixed: the rule of the section `encode`.
        sweep: how the maps are smoothed first; None if they are not.
        shape: the prior by which outlines are redrawn; None if they are not.

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
    training = records_of(packed, split, "train")
    known = place_of_nerves(decode(row.pixels) for row in training) if training else None
    subjects, truths = [row.subject for row in frames], [row.pixels for row in frames]
    smoothed = smoothed_validation(opened, sweep, split.parent)
    return measure(smoothed, subjects, truths, fixed, known, shape=shape)


def _fitted_shape(packed: Path, split: Path, components: int) -> ShapePrior | None:
    """Return the prior of the training masks; None for 0 components."""
    if not components:
        return None
    training = records_of(packed, split, "train")
    if not training:
        raise InputError(
            "params.yaml: decide.shape: the shapes are those of training masks, and no frame of "
            f"{split} is for training alone; set it to 0"
        )
    return fit_shapes((decode(row.pixels) for row in training), components)
