"""Intervals and tests: at the level of the parameters, and promised only where there are any."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import small_run
from ruamel.yaml import YAML
from test_report_page import body

from nerveseg import verdicts
from nerveseg.reporting.notices import NO_INTERVALS, no_run_is_better
from nerveseg.reporting.results import Results

PROMISES = (
    "look at the interval",
    "Where intervals overlap",
    "confidence interval",
    "by the interval",
    "% interval<",  # the end of the label of an axis or legend
    "clustered by subject.",
    "The intervals and",
    "significant",
)


def page(root: Path) -> str:
    """Build the report and return its text before the provenance, without heads of tables."""
    done = small_run.build(root)
    assert done.returncode == 0, done.stderr
    text = body((root / "report/index.html").read_text())
    return re.sub(r"<thead>.*?</thead>", "", text, flags=re.DOTALL)


def test_two_runs_on_two_subjects_promise_no_interval_and_no_test(tmp_path: Path) -> None:
    skill = {"unet": (6.0, 0.15), "rpa_apf": (4.0, 0.1)}
    small_run.write_run(tmp_path, skill, subjects=2)
    text = page(tmp_path)
    assert [promise for promise in PROMISES if promise in text] == []
    assert text.count(NO_INTERVALS) >= 4
    assert "there are too few validation subjects to test the difference." in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_enough_subjects_have_all_that_is_promised(report: Path) -> None:
    text = report.read_text()
    assert [promise for promise in PROMISES if promise not in text] == []
    assert NO_INTERVALS not in text


def test_every_interval_is_said_to_have_the_level_of_the_parameters(
    run_folder: Path, tmp_path: Path
) -> None:
    root, yaml = tmp_path / "run", YAML()
    shutil.copytree(run_folder, root)
    params = yaml.load(root / "params.yaml")
    params["summary"]["level"] = 0.975
    yaml.dump(params, root / "params.yaml")
    text = page(root)
    heads = (root / "report/index.html").read_text().count("97.5% interval</button>")
    assert "95%" not in text
    assert heads == 2
    assert len(re.findall(r"97\.5% (confidence )?interval", text)) == 7


@pytest.mark.parametrize(
    ("level", "shown"), [(0.95, "95%"), (0.57, "57%"), (0.975, "97.5%"), (0.9999, "99.99%")]
)
def test_a_level_is_never_rounded_to_another(results: Results, level: float, shown: str) -> None:
    assert replace(results, level=level).percent == shown


def test_a_run_that_too_few_subjects_judge_is_not_said_to_be_no_better(results: Results) -> None:
    found = {"unet": verdicts.TOO_FEW, "baseline": verdicts.BELOW, "rpa_apf": verdicts.NOTHING}
    scores = {run: results.scores[run] | {"verdict": found[run]} for run in results.runs}
    said = no_run_is_better(replace(results, scores=results.scores | scores))
    assert said == "With so few subjects, no network can be shown to beat the baselines."
