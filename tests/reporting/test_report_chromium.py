"""The report and the plots in a real browser: no errors, tables sort, the browser switches.

Needs Debian's chromium and chromium-driver. Without them, the tests are skipped, or fail in CI.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import small_run
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

SWITCHES = (
    "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--window-size=1400,1000",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        missing = "NOT TESTED IN A BROWSER: apt-get install chromium chromium-driver"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    options = ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "localhost,127.0.0.1")  # the driver's address
        patch.setenv("no_proxy", "localhost,127.0.0.1")
        browser = Chrome(options=options, service=Service(driver))
        yield browser
        browser.quit()


@pytest.fixture
def page(chromium: Chrome, report: Path) -> Iterator[Chrome]:
    """The report, freshly loaded; its console must stay empty."""
    chromium.get(report.as_uri())
    wait_until_drawn(chromium)
    yield chromium
    assert console(chromium) == []


def console(browser: Chrome) -> list[dict[str, object]]:
    """Return the lines that the console has shown since the last call."""
    # A variable, because selenium does not annotate the method.
    log: Callable[[str], list[dict[str, object]]] = browser.get_log
    return log("browser")


def wait_until_drawn(page: Chrome) -> None:
    undrawn = "return document.querySelectorAll('canvas[data-frame]:not([data-drawn])').length"
    WebDriverWait(page, 20).until(lambda browser: browser.execute_script(undrawn) == 0)


def press(page: Chrome, element: WebElement) -> None:
    # Not element.click(), which misses while the page is still scrolling smoothly.
    page.execute_script("arguments[0].click()", element)


def column(page: Chrome, table: str, place: int) -> list[str]:
    cells = page.find_elements(By.CSS_SELECTOR, f"#{table} tbody td:nth-child({place})")
    return [cell.text for cell in cells]


def choose(page: Chrome, part: str, value: str) -> None:
    Select(page.find_element(By.ID, f"browser-{part}")).select_by_value(value)


def canvas(page: Chrome) -> tuple[str, str]:
    """Return what the large canvas shows, and its pixels, once it has been drawn."""
    find = "const c = document.getElementById('browser-canvas'); return "
    done = find + "c.dataset.drawn === `${c.dataset.frame} ${c.dataset.run}`"
    WebDriverWait(page, 10).until(lambda browser: browser.execute_script(done))
    drawn, pixels = page.execute_script(find + "[c.dataset.drawn, c.toDataURL()]")
    return drawn, pixels


def test_page_loads_no_other_resource(page: Chrome) -> None:
    names = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    assert all(name.startswith("data:") for name in page.execute_script(names))


def test_table_sorts_both_ways_and_keeps_the_baselines_last(page: Chrome) -> None:
    head = page.find_elements(By.CSS_SELECTOR, "#table-leaderboard thead button")[1]
    press(page, head)
    down = column(page, "table-leaderboard", 2)[:-2]
    assert [float(text) for text in down] == sorted(map(float, down), reverse=True)
    press(page, head)
    assert column(page, "table-leaderboard", 2)[:-2] == down[::-1]
    assert column(page, "table-leaderboard", 1)[-1] == "Best constant mask"
    cell = head.find_element(By.XPATH, "..")
    assert cell.get_attribute("aria-sort") == "ascending"


def test_table_sorts_names_alphabetically(page: Chrome) -> None:
    press(page, page.find_element(By.CSS_SELECTOR, "#table-measures thead button"))
    names = column(page, "table-measures", 1)[:-2]  # the baselines stay last
    assert names == sorted(names)


def test_browser_switches_runs_and_frames(page: Chrome) -> None:
    choose(page, "filter", "nerve")
    choose(page, "run", "baseline")
    first, pixels = canvas(page)
    assert first.endswith(" baseline")
    choose(page, "run", "unet")
    second, other = canvas(page)
    assert second == first.replace("baseline", "unet")
    assert other != pixels
    press(page, page.find_element(By.ID, "browser-after"))
    third, _ = canvas(page)
    assert third.split()[0] != second.split()[0]


def test_browser_filter_keeps_only_matching_frames(page: Chrome) -> None:
    choose(page, "filter", "none")
    shown = Select(page.find_element(By.ID, "browser-frame")).options
    assert len(shown) == 4  # every third frame of the small run has no nerve
    assert "none" in page.find_element(By.ID, "browser-facts").text


def test_browser_shows_test_frames_with_their_predictions(page: Chrome) -> None:
    choose(page, "set", "test")
    drawn, _ = canvas(page)
    assert drawn.startswith("test_1 ")
    assert "test image 1" in page.find_element(By.ID, "browser-facts").text
    assert len(Select(page.find_element(By.ID, "browser-frame")).options) == small_run.TESTS
    cell = page.find_element(By.CSS_SELECTOR, "#examples .cell")
    press(page, cell)
    canvas(page)
    chosen = Select(page.find_element(By.ID, "browser-set")).first_selected_option
    assert chosen.get_attribute("value") == "validation"


def test_frame_of_a_figure_opens_in_the_browser(page: Chrome) -> None:
    cell = page.find_element(By.CSS_SELECTOR, "#figure-examples-networks .cell")
    press(page, cell)
    drawn, _ = canvas(page)
    assert drawn == f"{cell.get_attribute('data-open')} {cell.get_attribute('data-run')}"


def test_drawn_mask_is_the_annotated_one(page: Chrome) -> None:
    """The annotation decoded in the page has as many pixels as Python counts."""
    frames = "DATA.frames.filter(f => f.set === 'validation')"
    count = "decode(f.truth).reduce((a, b) => a + b, 0)"
    areas = page.execute_script(f"return {frames}.map(f => [f.area, {count}])")
    assert len(areas) == 12
    assert all(ours == theirs for ours, theirs in areas)


def test_colour_blind_safe_colours_repaint_every_frame(page: Chrome) -> None:
    _, before = canvas(page)
    choose(page, "scheme", "safe")
    key = "return getComputedStyle(document.documentElement).getPropertyValue('--c-truth')"
    assert page.execute_script(key) == "rgb(230,120,0)"
    WebDriverWait(page, 10).until(lambda browser: canvas(browser)[1] != before)


def test_chip_highlights_one_run_in_the_charts(page: Chrome) -> None:
    chip = page.find_element(By.CSS_SELECTOR, ".chips button[data-run=unet]")
    press(page, chip)
    chosen = page.find_elements(By.CSS_SELECTOR, "svg.chart .chosen")
    assert {mark.get_attribute("data-run") for mark in chosen} == {"unet"}
    press(page, chip)
    assert not page.find_elements(By.CSS_SELECTOR, "body.single")


@pytest.mark.parametrize("width", [400, 1400])
def test_page_is_no_wider_than_the_screen(page: Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    contents = page.find_element(By.CSS_SELECTOR, ".side a")
    assert contents.is_displayed() == (width > 960)  # folded away on a narrow screen
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [1200, 1345, 1400])
def test_no_table_is_cut_on_a_screen_of_1200_pixels_or_more(page: Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    tables = "[...document.querySelectorAll('.scroll')]"
    wide = f"return {tables}.filter(e => e.scrollWidth > e.clientWidth)"
    cut = page.execute_script(f"{wide}.map(e => e.getAttribute('aria-label'))")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert cut == []


def test_dvc_plots_open_offline(chromium: Chrome, run_folder: Path, tmp_path: Path) -> None:
    """`dvc plots show` with the repository's settings draws the curves of all runs."""
    for words in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(words, cwd=tmp_path, check=True)
    shutil.copytree(small_run.REPOSITORY / ".dvc/plots", tmp_path / ".dvc/plots")
    for name in ("config", "plots.html"):
        shutil.copy(small_run.REPOSITORY / ".dvc" / name, tmp_path / ".dvc" / name)
    shutil.copytree(run_folder / "metrics", tmp_path / "metrics")
    plot = "{x: epoch, y: value, template: networks}"
    (tmp_path / "dvc.yaml").write_text(f"plots:\n- metrics/curves.csv: {plot}\n")
    subprocess.run(["dvc", "plots", "show", "-o", "out"], cwd=tmp_path, check=True)
    chromium.get((tmp_path / "out/index.html").as_uri())
    drawn = "return document.querySelectorAll('canvas.marks, svg.marks').length"
    WebDriverWait(chromium, 20).until(lambda browser: browser.execute_script(drawn) == 1)
    assert console(chromium) == []
    text = (tmp_path / "out/index.html").read_text()
    assert all(name in text for name in small_run.SKILL)
