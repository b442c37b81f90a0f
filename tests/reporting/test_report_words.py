"""What the report says, and what it must not say."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import small_run

from nerveseg.reporting import protocol, provenance, verdict
from nerveseg.reporting.load import load
from nerveseg.reporting.results import Results
from nerveseg.reporting.tables import leaderboard
from nerveseg.reporting.tables.table import number


@pytest.fixture(scope="module")
def results(run_folder: Path) -> Results:
    return load(run_folder, small_run.TITLES, "rpa_apf")


def judged(results: Results, separated: dict[str, bool], difference: dict[str, float]) -> str:
    table = pd.DataFrame({"network": list(separated)})
    table["separated"] = list(separated.values())
    table["difference"] = [difference[name] for name in separated]
    return verdict.comparison(replace(results, comparison=table))


def test_verdict_orders_only_what_is_separated(results: Results) -> None:
    said = judged(results, {"baseline": True, "unet": False}, {"baseline": -0.1, "unet": -0.2})
    assert "These data put RPA/APF (ours) above Baseline." in said
    assert "do not separate RPA/APF (ours) from U-Net" in said
    assert "above U-Net" not in said


def test_verdict_admits_a_better_network(results: Results) -> None:
    said = judged(results, {"baseline": True, "unet": True}, {"baseline": 0.1, "unet": 0.2})
    assert "These data put Baseline and U-Net above RPA/APF (ours)." in said


def test_verdict_names_all_that_share_the_top(results: Results) -> None:
    table = pd.DataFrame({"network": ["unet", "rpa_apf", "baseline"]})
    table["with_best"] = [True, True, False]
    tied = replace(results, standings=table)
    assert "highest mean is U-Net's" in verdict.comparison(tied)
    assert "do not tell it from RPA/APF (ours)." in verdict.comparison(tied)
    assert verdict.best(tied) == ("unet", "not told from another network by these data")


def test_verdict_on_a_single_network_compares_nothing(results: Results) -> None:
    alone = replace(results, networks=["rpa_apf"], comparison=results.comparison.iloc[:0])
    assert "nothing to compare" in verdict.comparison(alone)


def test_caption_names_every_departure_from_the_paper(run_folder: Path) -> None:
    chosen = protocol.settings(run_folder / "params.yaml")
    said = protocol.differences(chosen)
    for part in ("simulated", "96 x 96", "epochs", "not trained on", "not pretrained"):
        assert part in said


def test_caption_of_the_papers_own_settings_claims_no_difference(run_folder: Path) -> None:
    chosen = protocol.settings(run_folder / "params.yaml")
    split = chosen.split.model_copy(update={"protocol": "image", "folds": 5})
    update = {"epochs": 70, "batch": 8, "learning_rate": 1e-4, "weight_decay": 1e-3}
    same = replace(
        chosen,
        data=chosen.data.model_copy(update={"source": "kaggle"}),
        pack=chosen.pack.model_copy(update={"size": (512, 512)}),
        split=split,
        train=chosen.train.model_copy(update=update | {"balance": True}),
        models={"rpa_apf": {"encoder_weights": "imagenet"}},
    )
    assert protocol.differences(same).startswith("Data and protocol as the paper states them.")


def test_all_empty_row_stays_last_and_unranked(results: Results) -> None:
    table = leaderboard.build(results)
    assert [row.kind for row in table.rows] == ["", "", "ours", "rest"]
    assert table.rows[-1].cells[0].text == "All-empty submission"
    assert {len(row.cells) for row in table.rows} == {len(table.columns)}


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
def test_number_shows_three_digits_or_a_dash(value: float | None, shown: str) -> None:
    assert number(value).text == shown


def test_provenance_outside_git_and_dvc_says_so(tmp_path: Path) -> None:
    facts = provenance.collect(tmp_path)
    assert facts["Git revision"] == "not in a git repository"
    assert "no dvc.lock" in facts["Data: hash"]
    assert "torch 2" in facts["Packages"]


def test_provenance_takes_the_hashes_that_dvc_recorded(tmp_path: Path) -> None:
    lock = "stages:\n  pack:\n    outs:\n    - path: data/packed\n      md5: abc.dir\n"
    (tmp_path / "dvc.lock").write_text(lock)
    assert provenance.collect(tmp_path)["Data: data/packed"] == "md5 abc.dir"


def test_provenance_tells_a_changed_file_but_not_the_lock_of_the_run_itself(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        name = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *name, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    for name in ("dvc.lock", "params.yaml"):
        (tmp_path / name).write_text("stages: {}\n")
    git("add", ".")
    git("commit", "-m", "a")
    (tmp_path / "dvc.lock").write_text("stages: {a: {}}\n")
    assert len(provenance.collect(tmp_path)["Git revision"]) == 40
    (tmp_path / "params.yaml").write_text("changed: 1\n")
    assert provenance.collect(tmp_path)["Git revision"].endswith(" with uncommitted changes")
