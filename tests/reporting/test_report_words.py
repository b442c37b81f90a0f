"""Sentences that the report must contain, and claims that it must not make."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nerveseg.reporting import provenance, words
from nerveseg.reporting.notices import notices
from nerveseg.reporting.paper_claim import paper_claim
from nerveseg.reporting.results import Results
from nerveseg.reporting.score_tables import cost_table, leaderboard_table
from nerveseg.reporting.table_cells import number_cell


def ranking(results: Results, separated: dict[str, bool], difference: dict[str, float]) -> str:
    table = pd.DataFrame({"run": list(separated)})
    table["separated"] = list(separated.values())
    table["difference"] = [difference[name] for name in separated]
    return words.ranking(replace(results, comparison=table))


def test_ranking_orders_only_separated_runs(results: Results) -> None:
    said = ranking(results, {"baseline": True, "unet": False}, {"baseline": -0.1, "unet": -0.2})
    assert "These data put RPA/APF (ours) above Baseline." in said
    assert "do not separate RPA/APF (ours) from U-Net" in said
    assert "above U-Net" not in said


def test_ranking_admits_that_another_run_is_better(results: Results) -> None:
    said = ranking(results, {"baseline": True, "unet": True}, {"baseline": 0.1, "unet": 0.2})
    assert "These data put Baseline and U-Net above RPA/APF (ours)." in said


def test_ranking_names_every_run_indistinguishable_from_the_best(results: Results) -> None:
    table = pd.DataFrame({"run": ["unet", "rpa_apf", "baseline"]})
    table["with_best"] = [True, True, False]
    above = dict.fromkeys(results.runs, "above the baselines")
    tied = with_verdicts(replace(results, standings=table), above)
    assert "U-Net has the highest mean" in words.ranking(tied)
    assert "do not distinguish it from RPA/APF (ours)." in words.ranking(tied)
    assert words.best_run(tied) == ("unet", "indistinguishable from another run")


def test_ranking_of_a_single_run_compares_nothing(results: Results) -> None:
    alone = replace(results, runs=["rpa_apf"], comparison=results.comparison.iloc[:0])
    assert "nothing to compare" in words.ranking(alone)


def test_the_paper_s_claim_is_confirmed_contradicted_or_left_open(results: Results) -> None:
    table = pd.DataFrame({"run": ["baseline", "unet", "all_empty"]})
    table["separated"] = [True, False, True]
    table["difference"] = [0.1, -0.2, -0.5]
    compared = replace(results, comparison=table)
    (said,) = paper_claim(compared)
    assert "confirm 0 of 2 comparisons, contradict 1 and leave 1 open" in said
    assert said in words.sections(compared)["paper"]
    assert paper_claim(replace(compared, reference="unet")) == []


def test_a_run_that_does_not_beat_the_baselines_is_never_crowned(results: Results) -> None:
    table = pd.DataFrame({"run": ["unet", "rpa_apf", "baseline"], "with_best": [True, True, False]})
    verdicts = {"unet": "not separable from the baselines", "rpa_apf": "above the baselines"}
    verdicts["baseline"] = "outlines everything"
    judged = with_verdicts(replace(results, standings=table), verdicts)
    assert words.best_run(judged) == ("rpa_apf", "of the runs that are above the baselines")
    said = list(notices(judged))
    assert said[0].startswith("Baseline outlines nearly the whole of nearly every")
    assert said[1].startswith("U-Net has a higher mean validation Dice than ")
    assert len(said) == 2


def test_if_no_run_beats_the_baselines_the_page_says_so(results: Results) -> None:
    judged = with_verdicts(results, dict.fromkeys(results.runs, "not above the baselines"))
    assert words.best_run(judged) is None
    assert "No network beats the baselines." in words.ranking(judged)
    assert "has the highest mean" not in words.ranking(judged)
    said = list(notices(judged))
    assert said[0].startswith("Baseline, U-Net and RPA/APF (ours) are no better than the ")
    assert said[-1] == "No network beats the baselines."
    shown = {score["name"]: score for score in words.headline_scores(judged)}
    assert shown["Highest validation mean"]["value"] == "\N{EN DASH}"


def with_verdicts(results: Results, verdicts: dict[str, str]) -> Results:
    scores = {run: dict(values) for run, values in results.scores.items()}
    for run, verdict in verdicts.items():
        scores[run]["verdict"] = verdict
    return replace(results, scores=scores)


def test_the_rows_of_the_baselines_are_last_and_unranked(results: Results) -> None:
    table = leaderboard_table(results)
    assert [row.kind for row in table.rows] == ["", "", "ours", "rest", "rest"]
    titles = [row.cells[0].text for row in table.rows[-2:]]
    assert titles == ["All-empty submission", "Best constant mask"]
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}


def test_a_latency_is_shown_with_its_quartiles(results: Results) -> None:
    table = cost_table(results)
    heads = [column.title for column in table.columns]
    cells = dict(zip(heads, table.rows[0].cells, strict=True))
    ratio, milliseconds = cells["Latency (ratio)"], cells["Latency (ms)"]
    assert ratio.text.replace("\N{NO-BREAK SPACE}", " ") == "8.0 (7.5 to 8.2)"
    assert milliseconds.text.replace("\N{NO-BREAK SPACE}", " ") == "30.0 (29.5 to 31.0)"
    assert milliseconds.value == 30
    assert "quartiles" in table.columns[heads.index("Latency (ms)")].hint


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (12, "12 validation frames, 1 with an annotated nerve, of"),
        (1, "1 validation frame, 1 with"),
    ],
)
def test_a_single_nerve_is_said_in_good_grammar(results: Results, frames: int, said: str) -> None:
    rows = results.rows_of_reference.head(frames)
    one = replace(results, frames=rows.assign(true_area=[*[0] * (frames - 1), 5000]))
    assert said in words.lead(one)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.123"),
        (-0.5, "\N{MINUS SIGN}0.500"),
        (-0.0001, "0.000"),
        (float("nan"), "\N{EN DASH}"),
        (None, "\N{EN DASH}"),
    ],
)
def test_number_has_three_decimals_or_is_a_dash(value: float | None, shown: str) -> None:
    assert number_cell(value).text == shown


def test_provenance_outside_git_and_dvc_says_so(tmp_path: Path) -> None:
    facts = provenance.collect_facts(tmp_path)
    assert facts["Git revision"] == "not in a git repository"
    assert "no dvc.lock" in facts["Data: hash"]
    assert "torch 2" in facts["Packages"]


def test_provenance_shows_the_hashes_recorded_by_dvc(tmp_path: Path) -> None:
    lock = "stages:\n  pack:\n    outs:\n    - path: data/packed\n      md5: abc.dir\n"
    (tmp_path / "dvc.lock").write_text(lock)
    assert provenance.collect_facts(tmp_path)["Data: data/packed"] == "md5 abc.dir"


def test_provenance_reports_a_changed_file_but_ignores_the_changed_dvc_lock(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        name = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in ("dvc.lock", "params.yaml"):
        (tmp_path / name).write_text("stages: {}\n")
    git("add", ".")
    git("commit", "-m", "a")
    (tmp_path / "dvc.lock").write_text("stages: {a: {}}\n")
    assert len(provenance.collect_facts(tmp_path)["Git revision"]) == 40
    (tmp_path / "params.yaml").write_text("changed: 1\n")
    assert provenance.collect_facts(tmp_path)["Git revision"].endswith(" with uncommitted changes")
