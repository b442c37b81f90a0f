"""What a submission would do: which files would be sent, and what allowance is left."""

from collections.abc import Sequence
from pathlib import Path

from nerveseg.kaggle_client import service
from nerveseg.leaderboard.candidates import Candidate
from nerveseg.leaderboard.ledger import Ledger
from nerveseg.leaderboard.publish import chosen
from nerveseg.leaderboard.submit import Sender, Timing, status_of, unsent
from nerveseg.params.data import DataParams


def preview(
    data: DataParams,
    runs: Sequence[str],
    ledger: Path,
    timing: Timing | None = None,
    *,
    again: bool = False,
) -> list[str]:
    """Return a line for each run, then one about the allowance; send and write nothing.

    Args:
        data: see `publish`, like the other arguments.
        runs: what would be submitted.
        ledger: the ledger's file.
        timing: pauses and time limits.
        again: whether files that Kaggle could not score would be sent.

    Raises:
        InputError: as `publish`, short of the upload.
    """
    timing, slug = timing or Timing(), data.kaggle.competition
    with chosen(data, runs) as candidates:
        known = Sender(slug, candidates, timing).open_ledger(ledger, keep=False)
    allowed = service.allowance(slug, timing.question, timing.retry)
    send = unsent(candidates, known, again)[: allowed.left]
    left = "an unknown number of" if allowed.left is None else allowed.left
    made = "unknown" if allowed.made_today is None else allowed.made_today
    lines = [_line(candidate, known, send) for candidate in candidates]
    return [*lines, f"Kaggle still accepts {left} submissions today (made so far: {made})"]


def _line(candidate: Candidate, ledger: Ledger, send: Sequence[Candidate]) -> str:
    if candidate in send:
        return f"{candidate.run}: would be sent as '{candidate.description}'"
    if any(candidate.sha256 == other.sha256 for other in send):
        return f"{candidate.run}: same file as another run's, which would be sent"
    if status := status_of(ledger, candidate):
        entry = ledger.entries[candidate.sha256]
        return f"{candidate.run}: sent before as {entry.ref}, {status}; would not be sent"
    return f"{candidate.run}: would be left for another day"
