"""Take the picture of docs/predict.md: python tests/demo/screenshot.py ADDRESS FILE PICTURE.

ADDRESS is that of a running `nerveseg demo`, FILE what to drop on it.
"""

import argparse
import base64
import shutil
import tempfile
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from test_demo_chromium import SWITCHES, wait_for


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("file", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    options = ChromeOptions()
    with tempfile.TemporaryDirectory() as profile:
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        with Chrome(options=options, service=Service(shutil.which("chromedriver"))) as browser:
            take(browser, given)


def take(browser: Chrome, given: argparse.Namespace) -> None:
    """Drop the file, look at it with each network, and take the picture."""
    size = {"width": given.width, "height": 850, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if given.dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(given.address)
    browser.find_element(By.ID, "file").send_keys(str(given.file.resolve()))
    wait_for(browser, "0/0")
    choices = browser.find_elements(By.NAME, "network")
    for number in [*range(len(choices)), 0]:
        browser.execute_script("arguments[0].click()", choices[number])
        wait_for(browser, f"0/{number}")
    high = browser.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": given.width, "height": high, "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    given.picture.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    main()
