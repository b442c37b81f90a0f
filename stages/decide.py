"""Decide by which rule the maps of one run become masks, and whether a frame shows a nerve."""

from pathlib import Path

from nerveseg.errors import run
from nerveseg.inference.decision_file import FIXED, fixed_decision, write_decision
from nerveseg.inference.rule import Rule
from nerveseg.maps import read_maps
from nerveseg.params.results import DecideParams, EncodeParams, SummaryParams
from nerveseg.params.section import read
from nerveseg.run_arguments import parse_run


def main() -> None:
    """Write data/decisions/RUN.json."""
    name, maps = parse_run(__doc__)
    params, level = read("decide", DecideParams), read("summary", SummaryParams).level
    fixed = Rule(name=FIXED, **read("encode", EncodeParams).model_dump())
    data, decision = Path("data"), fixed_decision(fixed)
    if params.rule != FIXED:
        # Importing scikit-learn takes longer than all that the rule `fixed` needs.
        from nerveseg.decision.decide import decide, in_words, matched_to_test
        from nerveseg.decision.validation_maps import measure_validation

        measured = measure_validation(
            data / "packed/train.csv", data / "split.csv", maps / "valid.b2nd", fixed
        )
        decision = decide(measured, fixed, params.rule, folds=params.folds, level=level)
        if params.match_prevalence:
            decision = matched_to_test(decision, measured, read_maps(maps / "test.b2nd"))
        print(f"{name}: {in_words(decision)}")
    write_decision(data / "decisions" / f"{name}.json", decision)


if __name__ == "__main__":
    run(main)
