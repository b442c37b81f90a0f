"""Take README's pictures of a report: python tests/reporting/screenshots.py report/index.html.

Needs Debian's chromium and chromium-driver, as the report's tests do.
"""

import argparse
import base64
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait
from test_report_chromium import SWITCHES, wait_until_drawn

# name -> (width of the screen, what to show, at most how many pixels of its height)
PICTURES = {
    "report": (1400, "body", 1500),
    "report-examples": (1400, "#figure-examples-networks", 2000),
    "report-browser": (1400, "#browser", 2000),
    "report-narrow": (400, "body", 1100),
}


def main() -> None:
    """Write docs/images/report*.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--folder", type=Path, default=Path("docs/images"))
    given = parser.parse_args()
    options = ChromeOptions()
    with tempfile.TemporaryDirectory() as profile:
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        with Chrome(options=options, service=Service(shutil.which("chromedriver"))) as browser:
            for name in PICTURES:
                take(browser, given.page.resolve().as_uri(), name, given.folder)


def take(browser: Chrome, address: str, name: str, folder: Path) -> None:
    """Write one picture."""
    width, selector, most = PICTURES[name]
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)
    wait_until_drawn(browser)
    WebDriverWait(browser, 5).until(lambda page: page.execute_script("return scrollY") == 0)
    place = browser.execute_script(
        "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [r.x + scrollX, r.y + scrollY, r.width, r.height]",
        selector,
    )
    x, y, wide, high = place
    clip = {"x": x, "y": y, "width": wide, "height": min(high, most), "scale": 1}
    given = {"captureBeyondViewport": True, "clip": clip}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", given)
    image = np.frombuffer(base64.b64decode(shot["data"]), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    picture = cv2.imdecode(image, cv2.IMREAD_COLOR)
    assert picture is not None
    cv2.imwrite(str(folder / f"{name}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
