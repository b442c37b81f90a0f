"""`nerveseg pseudo-label`: masks of test frames to train on, made apart for each fold."""

from pathlib import Path

import click

from nerveseg.cli.finite_range import FiniteRange


@click.command("pseudo-label", short_help="Label test frames by the networks of each fold.")
@click.argument("run")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The new folder, such as external/pseudo/NAME.",
)
@click.option(
    "--sure",
    type=FiniteRange(0.5, 1, min_open=True),
    default=0.9,
    show_default=True,
    help="Least certainty of a label.",
)
@click.option(
    "--least-area",
    type=click.IntRange(1, 420 * 580),
    default=2000,
    show_default=True,
    help="Fewest pixels of a nerve, at 420 x 580.",
)
def pseudo_label(run: str, out: Path, sure: float, least_area: int) -> None:
    """Label the test frames by the networks of RUN, for train.pseudo_labels.

    Run it in the project's folder after dvc repro. Each fold has a file of its own, made by the
    networks that validate on this fold, and by no other.

    A frame is labelled if the prediction is certain: with a nerve, if the mean probability within
    the mask is SURE; without one, if no pixel has a probability of more than 1 - SURE.
    """
    from nerveseg.data.fold_table import assignment_of, read_folds
    from nerveseg.inference.label_folds import Labelling, label_folds, parameters_of
    from nerveseg.params.data import PackParams, SplitParams
    from nerveseg.params.predict import PredictParams
    from nerveseg.params.section import read
    from nerveseg.params.train import ModelsParams
    from nerveseg.params.trainings import read_trainings, weights_of

    labelling = Labelling(
        run,
        read("models", ModelsParams).run(run),
        Path("data/packed"),
        assignment_of(read_folds(Path("data/folds.csv"))),
        parameters_of(read("split", SplitParams), read("pack", PackParams)),
        read("predict", PredictParams),
        sure,
        least_area,
    )
    networks: dict[int, list[Path]] = {}
    for name, training in read_trainings().items():
        networks.setdefault(training.fold, []).append(weights_of(run, name))
    for path, (frames, nerves) in label_folds(labelling, networks, out).items():
        click.echo(f"{path}: {frames} test frames, {nerves} of them with a nerve")
