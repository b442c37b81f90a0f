"""The charts as SVG, and captions that hold for the data at hand."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
import small_run

from nerveseg.params.train import CONSTANT_MASK
from nerveseg.reporting.chart_style import INK, styles
from nerveseg.reporting.charts import CHARTS, draw
from nerveseg.reporting.results import Results


@pytest.mark.parametrize("name", CHARTS)
def test_chart_is_svg_in_the_colours_of_the_page(results: Results, name: str) -> None:
    chart = draw(name, results)
    root = ET.fromstring(chart.svg)
    assert root.tag.endswith("svg")
    assert "currentColor" in chart.svg
    assert INK not in chart.svg
    assert root.get("aria-label") == chart.title


@pytest.mark.parametrize("name", ["curves", "difficulty", "calibration", "presence", "cost"])
def test_every_run_can_be_highlighted(results: Results, name: str) -> None:
    marks = set(re.findall(r'data-run="([^"]+)"', draw(name, results).svg))
    assert marks == set(small_run.SKILL)


def test_chart_is_the_same_every_time(results: Results) -> None:
    assert draw("presence", results).svg == draw("presence", results).svg


def test_clip_paths_of_different_charts_have_different_ids(results: Results) -> None:
    found = [set(re.findall(r'<clipPath id="([^"]+)"', draw(name, results).svg)) for name in CHARTS]
    assert sum(map(len, found)) == len(set.union(*found))


@pytest.mark.parametrize("name", CHARTS)
def test_every_id_of_a_chart_is_referenced_and_every_reference_has_its_id(
    results: Results, name: str
) -> None:
    svg = draw(name, results).svg
    referenced = re.findall(r"url\(#([^)]+)\)", svg) + re.findall(r'href="#([^"]+)"', svg)
    assert set(re.findall(r'\bid="([^"]+)"', svg)) == set(referenced)


def test_ten_runs_differ_in_colour_and_in_marker_or_dash() -> None:
    chosen = list(styles([f"n{place}" for place in range(9)] + ["rpa_apf"], "rpa_apf").values())
    assert len({style.colour for style in chosen}) == 10
    assert len({style.marker for style in chosen}) == 10


def test_dice_is_not_said_to_be_measured_after_every_epoch(results: Results) -> None:
    said = draw("curves", results).caption
    assert "validation Dice after each validation, for every run that was trained." in said
    again = results.trainings.assign(training="seed2")
    several = replace(results, trainings=pd.concat([results.trainings, again]))
    assert "(its first training)" in draw("curves", several).caption


@pytest.mark.parametrize(
    ("area", "reason"), [(0, "no frame with a nerve"), (5000, "no frame without a nerve")]
)
def test_presence_of_one_kind_of_frames_says_why_nothing_is_shown(
    results: Results, area: int, reason: str
) -> None:
    chart = draw("presence", replace(results, frames=results.frames.assign(true_area=area)))
    assert reason in chart.svg
    assert "data-run" not in chart.svg
    assert "curve" not in chart.caption


def test_an_empty_constant_mask_is_not_said_to_call_frames_positive(results: Results) -> None:
    claim = "The best constant mask calls every frame positive."
    assert claim in draw("presence", results).caption
    empty = results.scores[CONSTANT_MASK] | {"presence_precision": None, "presence_recall": 0.0}
    untrained = replace(results, scores=results.scores | {CONSTANT_MASK: empty})
    assert claim not in draw("presence", untrained).caption


def test_the_heat_map_is_not_said_to_have_intervals(results: Results) -> None:
    said = draw("subjects", results).caption
    assert said.endswith("intervals elsewhere in this report are clustered by subject.")


def test_the_bars_of_latency_are_explained(results: Results) -> None:
    assert "the quartiles of the latency over repeated passes" in draw("cost", results).caption
