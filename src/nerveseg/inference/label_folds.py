"""Predicts the test frames by the networks of each fold alone, and writes the pseudo-labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nerveseg.atomic import whole_files
from nerveseg.data.packed import Packed
from nerveseg.errors import InputError
from nerveseg.inference.averaged import load_averaged, torch_predictor
from nerveseg.inference.predict import Predictor
from nerveseg.inference.pseudo_label import label_test
from nerveseg.params.data import PackParams, SplitParams
from nerveseg.params.predict import PredictParams
from nerveseg.params.train import Run
from nerveseg.pseudo_labels import REMEDY, Origin, hash_of_test, path_of, save_labels
from nerveseg.sha256 import sha256_of


@dataclass(frozen=True)
class Labelling:
    """What the labels of all folds have in common.

    Attributes:
        name: name of the run.
        run: its network and options.
        packed: folder of the packed competition.
        assignment: hash of which frame is in which fold.
        parameters: what `parameters_of` returns.
        predict: views, batch and precision.
        sure: least certainty of a label, above 1/2.
        least_area: fewest pixels of a nerve, at 420 x 580.
    """

    name: str
    run: Run
    packed: Path
    assignment: str
    parameters: Mapping[str, object]
    predict: PredictParams
    sure: float
    least_area: int


def label_folds(
    labelling: Labelling, networks: Mapping[int, Sequence[Path]], out: Path
) -> dict[Path, tuple[int, int]]:
    """Write a file of pseudo-labels for each fold to the new folder `out`.

    Args:
        labelling: what all folds have in common.
        networks: fold -> the weights of the networks that validate on it.
        out: external/pseudo/NAME.

    Returns:
        Each file -> the number of its frames, and of those with a nerve.

    Raises:
        InputError: `out` is there already; weights are missing or damaged, belong to another
            network, or do not record that they were trained with this fold of this split; nothing
            is written.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; choose another name, or remove it")
    frames, test = Packed.open(labelling.packed), hash_of_test(labelling.packed)
    written = {}
    with whole_files(out) as new:
        for fold, paths in networks.items():
            origin = Origin(
                labelling.name,
                fold,
                labelling.assignment,
                test,
                {str(path): sha256_of(path) for path in paths if path.is_file()},
                dict(labelling.parameters),
                labelling.sure,
                labelling.least_area,
            )
            predictors = [_predictor(labelling, fold, path) for path in paths]
            labels = label_test(
                [each.logits for each in predictors],
                frames.test_images,
                frames.test,
                origin,
                labelling.predict.batch,
            )
            save_labels(path_of(new, fold), labels)
            written[path_of(out, fold)] = (len(labels), int(labels.positive.sum()))
    return written


def parameters_of(split: SplitParams, pack: PackParams) -> dict[str, object]:
    """Return the parameters that pseudo-labels depend on, by their keys, of types that JSON has."""
    return {
        "split.protocol": split.protocol,
        "split.folds": split.folds,
        "split.seed": split.seed,
        "pack.shape": list(pack.shape),
    }


def check_parameters(path: Path, origin: Origin, parameters: Mapping[str, object]) -> None:
    """Check that labels were made with `parameters`, the keys of params.yaml that they depend on.

    Raises:
        InputError: a value differs; the message names the first.
    """
    for key, ours in parameters.items():
        if (theirs := origin.parameters.get(key)) != ours:
            raise InputError(f"{path}: made with {key} {theirs}, not {ours}; {REMEDY}")


def _predictor(labelling: Labelling, fold: int, path: Path) -> Predictor:
    averaged = load_averaged(path, labelling.run, labelling.predict)
    trained = {key: averaged.description.training.get(key) for key in ("fold", "assignment")}
    if trained != {"fold": fold, "assignment": labelling.assignment}:
        raise InputError(
            f"{path}: records no training that validates on fold {fold} of this split; run dvc "
            "repro"
        )
    return torch_predictor(averaged, labelling.predict.precision)
