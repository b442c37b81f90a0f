"""The leaderboard from parameters to metrics: check, submit, wait, record."""

import sys
from pathlib import Path
from typing import Final

from nerveseg.errors import InputError
from nerveseg.kaggle_client import service
from nerveseg.kaggle_client.lock import locked
from nerveseg.leaderboard import board
from nerveseg.leaderboard.candidates import candidates
from nerveseg.leaderboard.ledger import Ledger
from nerveseg.leaderboard.record import raise_errors, write_record
from nerveseg.params.data import DataParams
from nerveseg.params.results import LeaderboardParams

SUBMISSIONS: Final = Path("submissions")
TEST_TABLE: Final = Path("data/packed/test.csv")
SCORES: Final = Path("metrics/scores.json")
RECORD: Final = Path("metrics/leaderboard.json")


def publish(
    data: DataParams,
    leaderboard: LeaderboardParams,
    params: Path,
    ledger_path: Path,
    pace: board.Pace | None = None,
) -> None:
    """Submit the chosen networks' CSVs and write metrics/leaderboard.json.

    Args:
        data: says which competition, and that the CSVs were made from it.
        leaderboard: what to submit and how long to wait.
        params: the file the parameters came from.
        ledger_path: what was sent, kept from run to run.
        pace: intervals and time limits; the default is for the real service.

    Raises:
        InputError: a CSV is not fit to be sent, Kaggle could not be asked, or it could not
            score a file; what is known by then is kept in the ledger.
    """
    if not leaderboard.networks:
        print("leaderboard.networks is empty: nothing to submit", file=sys.stderr)
        write_record(RECORD, [], Ledger(ledger_path, "none", "none"))
        return
    if data.source == "simulated":
        raise InputError(
            "data.source is simulated: Kaggle cannot score frames that it has not got; set it to "
            "kaggle or archive and run `dvc repro` first"
        )
    pace = pace or board.Pace()
    slug = data.kaggle.competition
    chosen = candidates(leaderboard.networks, SUBMISSIONS, TEST_TABLE, SCORES, params)
    with locked(ledger_path.with_suffix(".lock")) as held:
        ledger = Ledger(ledger_path, service.name(), slug)
        board.submit(slug, chosen, ledger, held, pace)
        board.wait_for_scores(slug, chosen, ledger, leaderboard.wait, pace)
    write_record(RECORD, chosen, ledger)
    raise_errors(chosen, ledger)
