"""What the data at hand say about the paper's claim."""

from nerveseg.reporting.notices import count
from nerveseg.reporting.results import Results


def paper_claim(results: Results) -> list[str]:
    """Return a sentence on what these frames show of the paper's claim, if they can show anything.

    The claim is that RPA/APF exceeds its baselines and all six competitors (Wu et al., Tables 1
    and 2), so it needs RPA/APF as the reference and another of these beside it.
    """
    run_of_paper = results.paper.dropna(subset="run").set_index("run")["network"]
    ours = run_of_paper.index[run_of_paper == "rpa_apf"]
    others = run_of_paper.index[run_of_paper != "rpa_apf"]
    table = results.comparison[results.comparison["run"].isin(others)]
    if results.reference not in ours or table.empty:
        return []
    holds = int((table["separated"] & (table["difference"] < 0)).sum())
    fails = int((table["separated"] & (table["difference"] > 0)).sum())
    return [
        f"Of the paper's claim that {results.title(results.reference)} exceeds every other run of "
        f"its tables, these frames confirm {holds} of {count(len(table), 'comparison')}, "
        f"contradict {fails} and leave {len(table) - holds - fails} open; as far as data and "
        "protocol differ from the paper's, they say nothing of its own experiment.",
    ]
