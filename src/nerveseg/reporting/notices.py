"""Notices at the top of the report about trainings that failed."""

from collections.abc import Iterator
from typing import Final

from nerveseg import verdicts
from nerveseg.params.train import CONSTANT_MASK
from nerveseg.reporting.results import Results

# verdict -> what is said about the runs, after their titles; (one run, several runs)
FAULTS: Final = {
    verdicts.NOTHING: (
        "outlines nothing: all masks on the validation frames are empty. The training collapsed.",
        "outline nothing: all masks on the validation frames are empty. The trainings collapsed.",
    ),
    verdicts.EVERYTHING: (
        "outlines nearly the whole of nearly every validation frame. The training collapsed.",
        "outline nearly the whole of nearly every validation frame. The trainings collapsed.",
    ),
    verdicts.BELOW: (
        "is no better than {baseline}, whose mean validation Dice is {dice:.3f}.",
        "are no better than {baseline}, whose mean validation Dice is {dice:.3f}.",
    ),
    verdicts.INSEPARABLE: (
        "has a higher mean validation Dice than {baseline} ({dice:.3f}), but the interval of the "
        "difference includes 0.",
        "have higher mean validation Dice than {baseline} ({dice:.3f}), but the intervals of the "
        "differences include 0.",
    ),
    verdicts.TOO_FEW: (
        "has a higher mean validation Dice than {baseline} ({dice:.3f}), but there are too few "
        "validation subjects to tell whether that is due to chance.",
        "have higher mean validation Dice than {baseline} ({dice:.3f}), but there are too few "
        "validation subjects to tell whether that is due to chance.",
    ),
}

NO_INTERVALS: Final = "There are too few validation subjects for intervals and tests."


def notices(results: Results) -> Iterator[str]:
    """Yield a sentence or two about each kind of failure that occurred, the worst first."""
    if not results.training["nerves"]:
        yield (
            f"No training frame (of {results.training['frames']}) has an annotated nerve, so the "
            "networks were taught that there is never one. Check the masks of the archive and the "
            "split."
        )
    for kind, (of_one, of_several) in FAULTS.items():
        runs = [results.title(run) for run in results.runs if results.verdict(run) == kind]
        if runs:
            text = of_one if len(runs) == 1 else of_several
            yield f"{listed(runs)} {text.format(**_better_baseline(results))}"
    yield from _failed_trainings(results)
    if all(results.verdict(run) != verdicts.ABOVE for run in results.runs):
        yield no_run_is_better(results)


def _failed_trainings(results: Results) -> Iterator[str]:
    """Yield a sentence about trainings that failed among several, which verdicts do not judge."""
    trainings = results.trainings
    failed = trainings[trainings["dice"] <= trainings["baseline"]]
    if results.has_several_trainings and len(failed):
        names = [
            f"{results.title(str(row.run))} {row.fold}/{row.seed}" for row in failed.itertuples()
        ]
        yield (
            f"By itself no better than an empty or a constant mask (fold/seed): {listed(names)}. "
            "The maps of such a training count as much as those of the others of its run."
        )


def no_run_is_better(results: Results) -> str:
    """Return the sentence that says that no run beats the baselines."""
    if any(results.verdict(run) == verdicts.TOO_FEW for run in results.runs):
        return "With so few subjects, no network can be shown to beat the baselines."
    return "No network beats the baselines."


def _better_baseline(results: Results) -> dict[str, str | float]:
    name = results.better_baseline
    title = "the best constant mask" if name == CONSTANT_MASK else "the all-empty submission"
    return {"baseline": title, "dice": results.score(name, "dice")}


def count(number: int, noun: str) -> str:
    """Return a number and its noun, such as '3 runs'."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(titles: list[str]) -> str:
    """Return the titles as in 'a, b and c'."""
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
