"""Test frames with the masks that would be submitted, beside the validation frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from nerveseg.csv_reader import file_rows
from nerveseg.data.packed import read_test
from nerveseg.reporting.cases import Image, spread
from nerveseg.reporting.results import Results
from nerveseg.rle import decode
from nerveseg.submission.score import SOLUTION_HEADER, dice
from nerveseg.submission.submission_csv import HEADER


class UnseenImages(Protocol):
    """A source of test frames by number."""

    def __call__(self, img: int) -> Image:
        """Return grey levels, 420 x 580 uint8."""


class UnseenFrame(NamedTuple):
    """One test frame.

    Attributes:
        img: its number.
        truth: run lengths of the true mask; None if it is not known.
        predictions: run -> run lengths of the submitted mask.
    """

    img: int
    truth: str | None
    predictions: dict[str, str]

    @property
    def id(self) -> str:
        """Its id in the page."""
        return f"test_{self.img}"

    def dice(self, run: str) -> float | None:
        """Return the Dice of a run; None if the true mask is not known."""
        return None if self.truth is None else dice(self.predictions[run], self.truth)


def load_unseen(root: Path, runs: Sequence[str], count: int) -> list[UnseenFrame]:
    """Return `count` test frames, evenly spaced in the order of their numbers.

    Args:
        root: the folder that holds data/ and submissions/.
        runs: the runs whose masks are shown.
        count: number of frames.

    Raises:
        InputError: a file is missing or malformed.
    """
    known = read_test(root / "data/packed/test.csv")
    chosen = {known[place] for place in spread(len(known), count)}
    masks = {run: _masks(root / f"submissions/{run}.csv", HEADER, chosen) for run in runs}
    truths = _masks(root / "data/verified/solution.csv", SOLUTION_HEADER, chosen)
    return [
        UnseenFrame(img, truths.get(img), {run: masks[run].get(img, "") for run in runs})
        for img in sorted(chosen)
    ]


def _masks(path: Path, header: tuple[str, ...], chosen: set[int]) -> dict[int, str]:
    """Return number -> run lengths of the chosen frames; solution and submissions begin alike."""
    wanted = {str(img): img for img in chosen}
    return {
        wanted[img]: pixels for _, (img, pixels, *_) in file_rows(path, header) if img in wanted
    }


def payload_of(frame: UnseenFrame, image: str) -> dict[str, Any]:
    """Return what the page's script reads about a frame.

    Args:
        frame: the frame.
        image: its grey levels as a data URI.
    """
    runs = frame.predictions
    return {
        "id": frame.id,
        "set": "test",
        "subject": None,
        "img": frame.img,
        "image": image,
        "truth": frame.truth,
        "area": None if frame.truth is None else int(decode(frame.truth).sum()),
        "contrast": None,
        "predictions": runs,
        "dice": {run: frame.dice(run) for run in runs},
        "presence": dict.fromkeys(runs),
        "predicted": {run: int(decode(pixels).sum()) for run, pixels in runs.items()},
    }


def unseen_grid(results: Results, frames: Sequence[UnseenFrame], count: int) -> dict[str, Any]:
    """Return the figure that shows `count` of the frames, evenly spaced, for the template."""
    rows = [_row(frames[place]) for place in spread(len(frames), count)]
    known = any(frame.truth is not None for frame in frames)
    caption = (
        "The number on each frame is its Dice."
        if known
        else "The true masks of these frames are not known, so there is no annotation and no Dice."
    )
    return {
        "name": "examples-test",
        "title": "Predictions on test frames",
        "caption": f"Whole frames, evenly spaced over the test set. {caption}",
        "runs": [{"name": run, "title": results.title(run)} for run in results.runs],
        "rows": rows,
    }


def _row(frame: UnseenFrame) -> dict[str, Any]:
    found = {run: frame.dice(run) for run in frame.predictions}
    return {
        "id": frame.id,
        "label": f"test image {frame.img}" + (", no nerve" if frame.truth == "" else ""),
        "crop": "",
        "dice": {run: "" if value is None else f"{value:.2f}" for run, value in found.items()},
    }
