"""A real Chromium, driven headless, for what only a browser can tell."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
_PATIENCE = 30  # seconds until a page must have drawn, on a busy machine
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def require_chromium() -> None:
    """Skip where there is no Chromium; in continuous integration its absence is a failure."""
    absent = [str(path) for path in (CHROMIUM, CHROMEDRIVER) if not path.exists()]
    if not absent:
        return
    reason = f"{' and '.join(absent)} missing; apt-get install chromium chromium-driver would do"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chromium(profile: Path) -> Iterator[WebDriver]:
    """A browser with a fresh profile that logs its console and every request."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", *_QUIET, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver: WebDriver, width: int, height: int = 900) -> None:
    """Give the page exactly so many CSS pixels; a window can't be narrower than some 500."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def open_report(driver: WebDriver, page: Path, *, width: int = 1280) -> None:
    """Load the page from disk at this width and wait until its figures are drawn."""
    resize(driver, width)
    driver.get(page.as_uri())
    WebDriverWait(driver, _PATIENCE).until(
        lambda it: it.execute_script("return document.documentElement.dataset.figures") == "drawn"
    )


def overflow(driver: WebDriver) -> int:
    """By how many pixels the page is wider than the screen, with all that folds away unfolded."""
    driver.execute_script("for (const box of document.querySelectorAll('details')) box.open = true")
    return int(driver.execute_script("return document.scrollingElement.scrollWidth - window.innerWidth"))


def smallest_text(driver: WebDriver) -> float:
    """The smallest type in any figure, in pixels of the screen."""
    size = "parseFloat(getComputedStyle(it).fontSize) * Math.hypot(it.getScreenCTM().a, it.getScreenCTM().b)"
    texts = "[...document.querySelectorAll('.chart svg text')].filter(it => it.textContent)"
    return float(driver.execute_script(f"return Math.min(...{texts}.map(it => {size}))"))


def asked_besides(driver: WebDriver, page: Path) -> list[str]:
    """What the page asks for when it is loaded, besides itself and what it holds."""
    open_report(driver, page)
    _requests(driver)
    open_report(driver, page)
    time.sleep(0.3)
    asked = _requests(driver)
    assert page.as_uri() in asked
    return [url for url in asked if url != page.as_uri() and not url.startswith("data:")]


def _requests(driver: WebDriver) -> list[str]:
    entries = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [entry["params"]["request"]["url"] for entry in entries if entry["method"] == "Network.requestWillBeSent"]
