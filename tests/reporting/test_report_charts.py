"""The charts as SVG."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import small_run

from nerveseg.data.archive import Competition
from nerveseg.data.layout import TrainRecord
from nerveseg.reporting.charts import DRAWN, draw
from nerveseg.reporting.contrast import with_contrast
from nerveseg.reporting.load import load
from nerveseg.reporting.palette import INK, styles
from nerveseg.reporting.results import Results


@pytest.fixture(scope="module")
def results(run_folder: Path) -> Results:
    found = load(run_folder, small_run.TITLES, "rpa_apf")
    with Competition(run_folder / "data/verified/competition.zip") as competition:
        return with_contrast(
            found, lambda subject, img: competition.image(TrainRecord(subject, img, ""))
        )


@pytest.mark.parametrize("name", DRAWN)
def test_chart_is_svg_that_follows_the_page(results: Results, name: str) -> None:
    chart = draw(name, results)
    root = ET.fromstring(chart.svg)
    assert root.tag.endswith("svg")
    assert "currentColor" in chart.svg
    assert INK not in chart.svg
    assert root.get("aria-label") == chart.title


@pytest.mark.parametrize("name", ["curves", "difficulty", "calibration", "presence", "cost"])
def test_every_network_can_be_singled_out(results: Results, name: str) -> None:
    marks = set(re.findall(r'data-network="([^"]+)"', draw(name, results).svg))
    assert marks == set(small_run.SKILL)


def test_chart_is_the_same_every_time(results: Results) -> None:
    assert draw("presence", results).svg == draw("presence", results).svg


def test_clips_of_one_chart_are_not_taken_for_anothers(results: Results) -> None:
    found = [set(re.findall(r'<clipPath id="([^"]+)"', draw(name, results).svg)) for name in DRAWN]
    assert sum(map(len, found)) == len(set.union(*found))


def test_ten_networks_differ_in_colour_and_in_marker_or_dash() -> None:
    chosen = list(styles([f"n{place}" for place in range(9)] + ["rpa_apf"], "rpa_apf").values())
    assert len({style.colour for style in chosen}) == 10
    assert len({style.marker for style in chosen}) == 10
