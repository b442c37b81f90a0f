"""The page as a file: complete, self-contained, reproducible."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import small_run
from small_run import build

from nerveseg import rle

# Attributes that make a browser fetch something.
FETCHING = {"src", "href", "srcset", "poster", "data", "action", "xlink:href"}


class Page(HTMLParser):
    """Collects ids, links and fetched addresses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if tag == "a" and name == "href" and value:
                self.links.append(value)
            elif name in FETCHING and value:
                self.fetched.append(value)


def payload(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="frames">(.*?)</script>', page)
    assert found
    frames: dict[str, Any] = json.loads(found[1])
    return frames


def test_page_fetches_nothing(report: Path) -> None:
    text = report.read_text()
    page = Page(text)
    assert all(value.startswith(("data:", "#")) for value in page.fetched)
    assert all(value.startswith("#") for value in page.links)
    assert not re.search(r"@import|url\((?!#|['\"]?#|data:)", text)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|import\(", text)


def test_ids_are_unique_and_links_have_targets(report: Path) -> None:
    page = Page(report.read_text())
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_same_run_gives_the_same_bytes(report: Path, run_folder: Path) -> None:
    before = report.read_bytes()
    assert build(run_folder).returncode == 0
    assert report.read_bytes() == before


def test_browser_holds_the_predicted_and_annotated_masks(report: Path, run_folder: Path) -> None:
    data = payload(report.read_text())
    truth = pd.read_csv(run_folder / "data/packed/train.csv", keep_default_na=False)
    validation = truth[truth["subject"] != small_run.TRAINED]
    shown = [frame for frame in data["frames"] if frame["set"] == "validation"]
    assert len(shown) == len(validation)  # the browser has room for all of them
    for name in small_run.SKILL:
        masks = pd.read_csv(run_folder / f"data/masks/{name}.csv", keep_default_na=False)
        pixels = {(row.subject, row.img): cast("str", row.pixels) for row in masks.itertuples()}
        for frame in shown:
            key = (frame["subject"], frame["img"])
            assert frame["predictions"][name] == pixels[key]
            area = int(np.count_nonzero(rle.decode(pixels[key])))
            assert frame["predicted"][name] == area


def test_browser_holds_the_submitted_masks_of_test_frames(report: Path, run_folder: Path) -> None:
    shown = [frame for frame in payload(report.read_text())["frames"] if frame["set"] == "test"]
    assert [frame["img"] for frame in shown] == list(range(1, small_run.TESTS + 1))
    solution = pd.read_csv(run_folder / "data/verified/solution.csv", keep_default_na=False)
    assert [frame["truth"] for frame in shown] == solution["pixels"].tolist()
    scores = json.loads((run_folder / "data/scores/unet/scores.json").read_text())
    sent = pd.read_csv(run_folder / "submissions/unet.csv", keep_default_na=False)
    assert [frame["predictions"]["unet"] for frame in shown] == sent["pixels"].tolist()
    for board in ("public", "private"):
        usage = (solution["Usage"].str.lower() == board).tolist()
        dice = [frame["dice"]["unet"] for frame, used in zip(shown, usage, strict=True) if used]
        assert np.mean(dice) == pytest.approx(scores[board], abs=1e-6)


def test_scores_in_the_page_are_the_measured_ones(report: Path, run_folder: Path) -> None:
    scores = json.loads((run_folder / "metrics/scores.json").read_text())
    text = report.read_text()
    for name in small_run.SKILL:
        assert f"{scores[name]['dice']:.3f}" in text
        assert f"{scores[name]['dice_low']:.3f} to {scores[name]['dice_high']:.3f}" in text


def test_kaggle_columns_appear_only_after_a_submission(
    run_folder: Path, report: Path, tmp_path: Path
) -> None:
    assert "Kaggle public" not in report.read_text()
    root = tmp_path / "run"
    shutil.copytree(run_folder, root)
    said = {"unet": {"public": 0.61234, "private": None, "ref": "7", "status": "COMPLETE"}}
    (root / "metrics/leaderboard.json").write_text(json.dumps(said))
    shutil.rmtree(root / "data/costs")
    done = build(root)
    assert done.returncode == 0, done.stderr
    text = (root / "report/index.html").read_text()
    assert "Kaggle public" in text
    assert "0.61234" in text
    assert "not submitted" in text
    assert 'id="cost"' not in text  # no empty section where no cost was measured


def test_missing_result_gives_a_one_line_error_and_no_page(
    run_folder: Path, tmp_path: Path
) -> None:
    root = tmp_path / "run"
    shutil.copytree(run_folder, root)
    shutil.rmtree(root / "report", ignore_errors=True)
    (root / "metrics/comparison.csv").unlink()
    done = build(root)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "metrics/comparison.csv" in done.stderr
    assert "dvc repro summary" in done.stderr
    assert not (root / "report").exists()


def test_report_needs_no_torch() -> None:
    code = "import sys, stages.report; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize(
    ("runs", "collapsed", "compared"),
    [
        (["unet"], "U-Net outlines nothing", "nothing to compare"),
        (
            ["unet", "rpa_apf"],
            "U-Net and RPA/APF (ours) outline nothing",
            "from U-Net: there are too few validation subjects to test the difference.",
        ),
    ],
)
def test_one_subject_without_a_nerve_still_makes_a_report(
    runs: list[str], collapsed: str, compared: str, tmp_path: Path
) -> None:
    skill = dict.fromkeys(runs, (0.0, 0.0))
    small_run.write_run(tmp_path, skill, subjects=1, frames=2, nerves=False)
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "report/index.html").read_text()
    assert "too few subjects for an interval" in text
    assert compared in text
    assert "2 validation frames, 0 with an annotated nerve, of 1 subject." in text
    assert "No training frame (of 2) has an annotated nerve" in text
    assert collapsed in text
    assert "Rows with a nerve" not in text
    assert "no frame with a nerve" in text
    assert "The best constant mask calls" not in text
    assert "No network beats the baselines." in text
    assert "Highest validation mean</dt><dd>\N{EN DASH}" in text
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)


def test_data_with_few_empty_frames_and_no_solution_are_described_as_they_are(
    tmp_path: Path,
) -> None:
    skill = {"unet": (np.nan, 0.0), "rpa_apf": (3.0, 0.0)}
    small_run.write_run(tmp_path, skill, empty=7, solution=False)
    done = build(tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "report/index.html").read_text()
    assert "No nerve is annotated on 2 of 12 validation frames (17%)" in text
    assert "U-Net outlines nothing: all masks on the validation frames are empty." in text
    tests = [frame for frame in payload(text)["frames"] if frame["set"] == "test"]
    assert len(tests) == small_run.TESTS
    assert all(frame["truth"] is frame["dice"]["rpa_apf"] is None for frame in tests)
    assert "RPA/APF (ours); " in text  # the collapsed run has no part in the headline
    for claim in ("Figure 6", "More than half", "Public", "Private", "public", "private Dice"):
        assert claim not in body(text)


def body(page: str) -> str:
    """Return the text between the style and the provenance."""
    return page.split("</style>", 1)[1].split('<section id="provenance">')[0]
