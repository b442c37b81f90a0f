"""The page of the demo in a real browser: files, frames, networks, and no other host.

Needs Debian's chromium and chromium-driver. Without them, the tests are skipped, or fail in CI.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait
from serving import serving

import dicoms

SWITCHES = (
    "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--window-size=1300,900",
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
        patch.setenv("NO_PROXY", "localhost,127.0.0.1")
        patch.setenv("no_proxy", "localhost,127.0.0.1")
        browser = Chrome(options=options, service=Service(driver))
        yield browser
        browser.quit()


@pytest.fixture
def page(chromium: Chrome) -> Iterator[Chrome]:
    """The page of a demo; its console must stay empty, and it may ask no other host."""
    log: Callable[[str], list[dict[str, str]]] = chromium.get_log
    with serving() as demo:
        log("performance")
        chromium.get(f"http://127.0.0.1:{demo.port}/")
        WebDriverWait(chromium, 20).until(
            lambda browser: len(browser.find_elements(By.NAME, "network")) == 2
        )
        yield chromium
        events = [json.loads(entry["message"])["message"] for entry in log("performance")]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        chromium.get("about:blank")  # closes its connections
    # Chromium first shows a page of its own, and data: asks nobody.
    asked = [url for url in asked if not url.startswith(("chrome:", "chrome-untrusted:", "data:"))]
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith(f"http://127.0.0.1:{demo.port}/")] == []
    # The browser itself reports that a bad file was refused.
    assert [line for line in log("browser") if "status of 400" not in line["message"]] == []


def wait_for(page: Chrome, shown: str) -> None:
    """Wait until the page shows `frame/network`."""
    place = "return document.getElementById('frame').dataset.shown"
    WebDriverWait(page, 20).until(lambda browser: browser.execute_script(place) == shown)


def text(page: Chrome, name: str) -> str:
    return page.find_element(By.ID, name).text


def outlines(page: Chrome) -> int:
    return len(page.find_elements(By.CSS_SELECTOR, "#outlines polygon.over"))


def bright(height: int = 60, width: int = 80) -> np.ndarray:
    image = np.full((height, width), 20, np.uint8)
    image[20:40, 30:70] = 200
    return image


def test_an_image_that_is_dropped_is_outlined(page: Chrome) -> None:
    assert "Not a medical device" in page.find_element(By.TAG_NAME, "header").text
    content = list(imagecodecs.png_encode(bright()))
    page.execute_script(
        "const data = new DataTransfer();"
        "data.items.add(new File([new Uint8Array(arguments[0])], 'a.png'));"
        "document.getElementById('stage').dispatchEvent("
        "  new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))",
        content,
    )
    wait_for(page, "0/0")
    assert (text(page, "state"), text(page, "probability"), outlines(page)) == ("nerve", "0.90", 1)
    assert text(page, "latency").endswith(" ms")
    page.find_elements(By.NAME, "network")[1].click()
    wait_for(page, "0/1")
    assert text(page, "state") == "unsure"
    page.find_element(By.TAG_NAME, "body").send_keys("o")
    assert not page.find_element(By.ID, "outlines").is_displayed()


def test_frames_of_a_cine_loop_are_scrubbed_and_played(page: Chrome, tmp_path: Path) -> None:
    images = np.stack([bright(), np.zeros((60, 80), np.uint8), bright()])
    path = dicoms.save(tmp_path / "cine.dcm", dicoms.dataset(images, "MONOCHROME2", FrameTime=20))
    page.find_element(By.ID, "file").send_keys(str(path))
    wait_for(page, "0/0")
    assert (text(page, "state"), outlines(page)) == ("nerve", 1)
    page.find_element(By.ID, "frame-number").send_keys(Keys.ARROW_RIGHT)
    wait_for(page, "1/0")
    assert (text(page, "state"), outlines(page)) == ("none", 0)
    page.find_element(By.ID, "play").click()
    wait_for(page, "2/0")
    assert text(page, "frame-text") == "3 of 3"


def test_a_bad_file_is_one_line_and_the_next_file_is_read(page: Chrome, tmp_path: Path) -> None:
    for name, content in (("a.png", b"no image"), ("b.png", imagecodecs.png_encode(bright()))):
        (tmp_path / name).write_bytes(content)
    page.find_element(By.ID, "file").send_keys(str(tmp_path / "a.png"))
    WebDriverWait(page, 20).until(lambda _: text(page, "error"))
    assert text(page, "error") == "of an unknown format; save it as PNG, JPEG, TIFF or BMP"
    page.find_element(By.ID, "file").send_keys(str(tmp_path / "b.png"))
    wait_for(page, "0/0")
    assert not page.find_element(By.ID, "error").is_displayed()


@pytest.mark.parametrize("width", [360, 1300])
def test_page_is_no_wider_than_the_screen(page: Chrome, tmp_path: Path, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    (tmp_path / "wide.png").write_bytes(imagecodecs.png_encode(bright(100, 3000)))
    page.find_element(By.ID, "file").send_keys(str(tmp_path / "wide.png"))
    wait_for(page, "0/0")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
