"""`nerveseg submission`: check a submission, score it, compare it with another, send it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from nerveseg.errors import InputError

if TYPE_CHECKING:
    from nerveseg.submission.plausibility import Outlines

PIPELINE_IDS: Final = Path("data/packed/test.csv")
PIPELINE_MASKS: Final = Path("data/packed/train.csv")
TRAIN_HEADER: Final = ("subject", "img", "pixels")
FILE: Final = click.Path(path_type=Path)
_MOST_COUNT: Final = 1_000_000_000


@click.group(short_help="Check, score, compare or send submissions.")
def submission() -> None:
    """Check, score, compare or send submissions, CSV files img,pixels."""


@submission.command(short_help="Check a submission as Kaggle would.")
@click.argument("file", type=FILE)
@click.option("--sample", type=FILE, help="A sample submission that lists the expected ids.")
@click.option("--count", type=int, help="Expect the ids 1 to COUNT.")
@click.option("--train", type=FILE, help="The table train_masks.csv to compare the outlines with.")
@click.option("--picture", type=FILE, help="Write a picture of where the outlines lie.")
def check(
    file: Path, sample: Path | None, count: int | None, train: Path | None, picture: Path | None
) -> None:
    """Check FILE as Kaggle would; name the first bad row and what is wrong with it.

    Without --sample and --count, the expected ids are those of data/packed/test.csv if the
    pipeline has written it, and otherwise 1 to 5508, those of the competition.

    Outlines that differ clearly from the training masks in number, size or place are warned of.
    Without --train, the training masks are those of data/packed/train.csv if there is one.
    """
    from nerveseg.submission import check as checking
    from nerveseg.submission import plausibility

    if sample is not None and count is not None:
        raise click.UsageError("--sample and --count exclude each other; give one of them.")
    for given in (file, sample, train):
        if picture is not None and given is not None and picture.resolve() == given.resolve():
            raise click.UsageError(f"--picture would replace {given}; give another name")
    masks = checking.check(file, _expected_ids(file, sample, count))
    found = plausibility.Outlines.of(masks.values())
    training = _training_outlines(train)
    if picture is not None:
        plausibility.write_picture(picture, found, training)
    click.echo(f"{file}: fine; {found.frames} rows, {found.outlined} with a mask")
    for warning in plausibility.warnings(found, training):
        click.echo(f"warning: {file}: {warning}", err=True)


@submission.command(short_help="Print the mean Dice against a solution.")
@click.argument("file", type=FILE)
@click.argument("solution", type=FILE)
def score(file: Path, solution: Path) -> None:
    """Print the mean Dice of FILE against SOLUTION, public and private.

    SOLUTION is a CSV file img,pixels,Usage that outlines every test image.
    """
    from nerveseg.submission import check as checking
    from nerveseg.submission import score as scoring

    found = scoring.score(file, solution)
    if not found:
        raise InputError(
            f"{solution}: no row is Public or Private; say of each image to which score it belongs"
        )
    for name, value in found.items():
        click.echo(f"{name:8}{value:.5f}")
    try:
        checking.check(file, list(scoring.read_solution(solution)))
    except InputError as error:
        click.echo(f"warning: {error}", err=True)


@submission.command(short_help="Print the mean Dice between two submissions.")
@click.argument("file", type=FILE)
@click.argument("other", type=FILE)
def agree(file: Path, other: Path) -> None:
    """Print the mean Dice between FILE and OTHER, two submissions of the same images."""
    from nerveseg.submission import score as scoring

    click.echo(f"{scoring.agree(file, other):.5f}")


@submission.command(short_help="Send the CSVs of runs to Kaggle.")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent and what is left today.")
@click.option("--again", is_flag=True, help="Send also files that Kaggle could not score before.")
def send(runs: tuple[str, ...], dry_run: bool, again: bool) -> None:
    """Send submissions/RUN.csv of each RUN to Kaggle, and wait for the scores.

    Without RUN, those of leaderboard.runs in params.yaml are sent. It does what `dvc repro
    leaderboard/dvc.yaml` does, but brings no file up to date: a file that the present parameters
    and code do not make is refused.
    """
    from nerveseg.leaderboard.preview import preview
    from nerveseg.leaderboard.publish import ledger_path, publish
    from nerveseg.params.data import DataParams
    from nerveseg.params.results import LeaderboardParams
    from nerveseg.params.section import read

    data, leaderboard = read("data", DataParams), read("leaderboard", LeaderboardParams)
    leaderboard = leaderboard.model_copy(update={"runs": list(runs) or leaderboard.runs})
    if not leaderboard.runs:
        raise InputError("no run to send: name one, or list some in leaderboard.runs")
    if not dry_run:
        publish(data, leaderboard, ledger_path(), again=again)
        return
    for line in preview(data, leaderboard.runs, ledger_path(), again=again):
        click.echo(line)


def _expected_ids(file: Path, sample: Path | None, count: int | None) -> Sequence[int]:
    from nerveseg.submission.check import COMPETITION_COUNT
    from nerveseg.submission.submission_csv import read_ids

    if sample is not None:
        ids = read_ids(sample)
        if len(set(ids)) < len(ids):
            twice = next(img for row, img in enumerate(ids) if img in ids[:row])
            raise InputError(f"{sample}: img {twice} occurs twice; keep one row")
        return ids
    if count is not None:
        if not 1 <= count <= _MOST_COUNT:
            raise InputError(f"--count {count}: give the number of test images")
        return range(1, count + 1)
    if not PIPELINE_IDS.exists():
        return range(1, COMPETITION_COUNT + 1)
    ids = read_ids(PIPELINE_IDS)
    if read_ids(file) == list(range(1, COMPETITION_COUNT + 1)) != ids:
        raise InputError(
            f"{file}: its ids are those of the competition, but the {len(ids)} of {PIPELINE_IDS} "
            f"are expected; give --count {COMPETITION_COUNT}, or --sample FILE for other ids"
        )
    return ids


def _training_outlines(train: Path | None) -> "Outlines | None":
    from nerveseg.csv_reader import file_rows
    from nerveseg.submission.plausibility import Outlines
    from nerveseg.submission.submission_csv import check_pixels

    if train is None and not PIPELINE_MASKS.exists():
        return None
    path = train or PIPELINE_MASKS
    masks = []
    for line, (_, _, pixels) in file_rows(path, TRAIN_HEADER):
        check_pixels(f"{path}: line {line}", pixels)
        masks.append(pixels)
    return Outlines.of(masks)
