"""What may be said about an order of the networks, and no more."""

import pandas as pd

from nerveseg.reporting.results import Results


def comparison(results: Results) -> str:
    """Return sentences that name what the data separates from the reference and what it can't.

    They never rank networks within either group: those were not compared with each other.
    """
    table = results.comparison
    reference = results.title(results.reference)
    if table.empty:
        return f"There is nothing to compare {reference} with in this run."
    better = _names(results, table[table["separated"] & (table["difference"] < 0)])
    worse = _names(results, table[table["separated"] & (table["difference"] > 0)])
    level = _names(results, table[~table["separated"]])
    parts = []
    if better:
        parts.append(f"These data put {reference} above {_listed(better)}.")
    if worse:
        parts.append(f"These data put {_listed(worse)} above {reference}.")
    if level:
        parts.append(
            f"These data do not separate {reference} from {_listed(level)}: whichever mean is "
            "larger, no order between them is claimed."
        )
    return " ".join([*parts, _leaders(results)])


def _leaders(results: Results) -> str:
    """Return a sentence about the highest mean and those that can't be told from it."""
    table = results.standings
    tied = _names(results, table[table["with_best"]])
    if len(tied) == 1:
        return f"The highest mean is {tied[0]}'s, and the data tell it from every other network."
    return (
        f"The highest mean is {tied[0]}'s; corrected for all pairs of networks, the data do not "
        f"tell it from {_listed(tied[1:])}."
    )


def best(results: Results) -> tuple[str, str]:
    """Return the network with the highest validation mean, and a caution in few words."""
    top = str(results.standings["network"].iloc[0])
    tied = int(results.standings["with_best"].sum()) - 1
    if tied:
        others = "another network" if tied == 1 else f"{tied} other networks"
        return top, f"not told from {others} by these data"
    return top, "told from every other network by these data"


def _names(results: Results, rows: pd.DataFrame) -> list[str]:
    return [results.title(str(name)) for name in rows["network"]]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
