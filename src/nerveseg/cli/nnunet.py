"""`nerveseg nnunet`: nnU-Net as an external baseline."""

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path)
FOLDS = Path("data/folds.csv")
SPLIT = Path("data/split.csv")


@click.group(short_help="Compare with nnU-Net: export the frames, import its predictions.")
def nnunet() -> None:
    """Compare with nnU-Net: export the frames, import its predictions.

    Run both commands in the project's folder. nnU-Net itself is installed elsewhere.
    """


@nnunet.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--archive",
    type=FOLDER,
    default=Path("data/verified/competition.zip"),
    show_default=True,
    help="The competition.",
)
@click.option(
    "--dataset",
    type=click.IntRange(1, 999),
    default=101,
    show_default=True,
    help="The number that nnU-Net gives the data set.",
)
def export(folder: Path, archive: Path, dataset: int) -> None:
    """Write the frames, masks and folds to FOLDER, which is nnUNet_raw."""
    from nerveseg.data.archive import Competition
    from nerveseg.data.fold_table import read_folds
    from nerveseg.data.split_table import read_split
    from nerveseg.nnunet.export import export as write

    out = folder / f"Dataset{dataset:03d}_Nerve"
    rows = read_folds(FOLDS)
    with Competition(archive) as competition:
        write(competition, rows, out)
    judged = sorted({row.fold for row in read_split(SPLIT) if row.part == "valid"})
    folds = f"fold{'s' * (len(judged) > 1)} {', '.join(map(str, judged))}"
    click.echo(f"{out}: {len(rows)} training frames; train nnU-Net on {folds}")


@nnunet.command("import")
@click.argument("name")
@click.argument("folders", metavar="FOLDER...", type=FOLDER, nargs=-1, required=True)
def import_(name: str, folders: tuple[Path, ...]) -> None:
    """Write the probabilities in FOLDER... as maps to external/NAME.

    FOLDER is nnU-Net's folder `validation` of each judged fold, written by nnUNetv2_train --npz,
    and that of the test frames, written by nnUNetv2_predict --save_probabilities.
    """
    from nerveseg.data.packed import read_test
    from nerveseg.data.split_table import records_of
    from nerveseg.external_maps import Frames
    from nerveseg.nnunet.predictions import import_predictions
    from nerveseg.params.ensembles import EXTERNAL, is_external

    out = Path(f"{EXTERNAL}{name}")
    if not is_external(str(out)):
        raise click.UsageError(f"NAME: '{name}' may hold letters, digits, '_' and '-'")
    valid = records_of(Path("data/packed/train.csv"), SPLIT, "valid")
    test = read_test(Path("data/packed/test.csv"))
    frames = Frames([record[:2] for record in valid], [(img,) for img in test])
    import_predictions(folders, frames, out)
    click.echo(f"{out}: maps of {len(valid)} validation and {len(test)} test frames")
