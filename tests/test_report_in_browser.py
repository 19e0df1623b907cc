"""The report as a visitor sees it, in a real Chromium."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from harness.cli.context import in_short
from harness.plots import figures
from harness.report import render
from tests.browser import asked_besides, chromium, open_report, overflow, require_chromium, smallest_text
from tests.synthetic import synthetic_evidence
from tests.test_report import CONTEXT, HOSTILE, VERDICTS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    require_chromium()
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(synthetic_evidence(), VERDICTS, CONTEXT), encoding="utf-8")
    return path


def _frontier_points(driver: WebDriver) -> list[WebElement]:
    driver.execute_script("document.getElementById('error_against_flops').scrollIntoView({block: 'center'})")
    return driver.find_elements(By.CSS_SELECTOR, "#error_against_flops svg path[aria-roledescription='point']")


def _tooltip(driver: WebDriver, point: WebElement) -> str:
    ActionChains(driver).move_to_element(point).perform()
    shown = WebDriverWait(driver, 10).until(lambda it: it.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible"))
    return str(shown.text)


@pytest.mark.parametrize("width", [1280, 400])
def test_all_figures_are_drawn_within_the_page_and_the_console_is_silent(
    driver: WebDriver, page: Path, width: int
) -> None:
    open_report(driver, page, width=width)
    assert driver.get_log("browser") == []
    for name in figures(synthetic_evidence()):
        size = driver.find_element(By.CSS_SELECTOR, f"#{name} svg").size
        assert 280 < size["width"] <= width
        assert size["height"] > 200


def test_a_phone_scrolls_the_page_in_one_direction_only(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    assert overflow(driver) <= 0


def test_the_words_of_a_study_in_its_heading_do_not_widen_the_page(driver: WebDriver, tmp_path: Path) -> None:
    title = f"Study single with {in_short('budget.training_flops=' + ','.join(f'{i}.438e+10' for i in range(20)))}"
    path = tmp_path / "report.html"
    path.write_text(render(synthetic_evidence(), VERDICTS, replace(CONTEXT, title=title)), encoding="utf-8")
    open_report(driver, path, width=400)
    assert "budget.training_flops=0.438e+10,...,19.438e+10 (20 values)" in title
    assert overflow(driver) <= 0


def test_labels_stay_legible_on_a_phone(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    assert smallest_text(driver) >= 11


def test_figures_follow_the_width_of_the_page(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    open_wide = "return document.querySelector('#error_against_flops svg').getBoundingClientRect().width"
    narrow = driver.execute_script(open_wide)
    metrics = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    WebDriverWait(driver, 10).until(lambda it: it.execute_script(open_wide) > 2 * narrow)


def test_hovering_a_cell_tells_what_it_is(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    evidence = synthetic_evidence()
    points = _frontier_points(driver)
    assert len(points) == len(evidence.frontier)
    cell = evidence.frontier.row(3, named=True)
    told = _tooltip(driver, points[3])
    assert f"width {cell['width']}" in told
    assert "training FLOPs 3×10¹⁰" in told
    assert f"test error {cell['test_error']:.3f}" in told
    for run_id in cell["run_ids"]:
        assert run_id in told


def test_a_click_on_a_heading_sorts_the_runs_by_number_and_a_second_one_reverses(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    driver.execute_script("document.querySelector('.runs').closest('details').open = true")
    (heading,) = [it for it in driver.find_elements(By.CSS_SELECTOR, ".runs th button") if it.text.startswith("width")]

    def widths() -> list[int]:
        cells = "return [...document.querySelectorAll('.runs tbody tr')].map(row => row.cells[1].textContent)"
        return [int(text) for text in driver.execute_script(cells)]

    heading.click()
    assert widths() == sorted(widths())
    assert widths()[0] < widths()[-1]
    heading.click()
    assert widths() == sorted(widths(), reverse=True)


def test_print_shows_the_tables_that_the_screen_folds_away(driver: WebDriver, page: Path) -> None:
    height = "return document.querySelector('.runs tbody tr:last-child').checkVisibility({contentVisibilityAuto: true})"
    open_report(driver, page)
    assert not driver.execute_script(height)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        WebDriverWait(driver, 5).until(lambda it: it.execute_script(height))  # drawn anew for paper at the next frame
        assert driver.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    WebDriverWait(driver, 5).until_not(lambda it: it.execute_script(height))


def test_the_page_asks_for_nothing_but_itself(driver: WebDriver, page: Path) -> None:
    assert asked_besides(driver, page) == []


def test_a_hostile_name_stays_text_in_the_page_and_in_the_tooltip(driver: WebDriver, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    evidence: Any = synthetic_evidence(model=HOSTILE)
    path.write_text(render(evidence, VERDICTS, CONTEXT), encoding="utf-8")
    open_report(driver, path)
    assert HOSTILE in _tooltip(driver, _frontier_points(driver)[0])
    assert driver.execute_script("return window.hacked") is None
    assert driver.get_log("browser") == []
