"""The charts as SVG."""

import re
from xml.etree import ElementTree as ET

import pytest
import small_run

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
