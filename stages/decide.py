"""Decide by which rule the maps of one run become masks, and whether a frame shows a nerve."""

from pathlib import Path

from nerveseg.errors import run
from nerveseg.inference.decision_file import FIXED, fixed_decision, write_decision
from nerveseg.inference.rule import Rule
from nerveseg.inference.sweep import Sweep
from nerveseg.params.data import AuditParams
from nerveseg.params.results import DecideParams, EncodeParams, SummaryParams
from nerveseg.params.section import read
from nerveseg.run_arguments import parse_run


def main() -> None:
    """Write data/decisions/RUN.json."""
    name, maps = parse_run(__doc__)
    params, level = read("decide", DecideParams), read("summary", SummaryParams).level
    fixed = Rule(name=FIXED, **read("encode", EncodeParams).model_dump())
    data, decision = Path("data"), fixed_decision(fixed)
    sweep = sweep_of(params.sweep)
    if params.rule != FIXED or sweep or params.shape:
        # Importing scikit-learn takes longer than all that the rule `fixed` needs.
        from nerveseg.decision.decide import in_words
        from nerveseg.decision.validation_maps import decide_run

        decision = decide_run(data, maps, fixed, params, sweep=sweep, level=level)
        print(f"{name}: {in_words(decision)}")
    write_decision(data / "decisions" / f"{name}.json", decision)


def sweep_of(weight: float) -> Sweep | None:
    """Return how maps are smoothed, with the audit's measure of similarity; None for weight 0."""
    if not weight:
        return None
    audit = read("audit", AuditParams)
    return Sweep(weight=weight, blocks=audit.blocks, least_similarity=audit.least_similarity)


if __name__ == "__main__":
    run(main)
