"""The page "The paper, checked" as a visitor sees it, in a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from harness.paper.checked import check
from harness.paper.page import render
from harness.paper.torchvision_weights import read_weights
from tests.browser import asked_besides, chromium, open_report, overflow, require_chromium, smallest_text

pytestmark = pytest.mark.browser

PLACES = "return [...document.querySelectorAll('.chart')].map(it => it.id)"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    require_chromium()
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "paper.html"
    path.write_text(render(check(read_weights())), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 400])
def test_all_figures_are_drawn_within_the_page_and_the_console_is_silent(
    driver: WebDriver, page: Path, width: int
) -> None:
    open_report(driver, page, width=width)
    assert driver.get_log("browser") == []
    places = driver.execute_script(PLACES)
    assert len(places) == 15
    for name in places:
        size = driver.find_element(By.CSS_SELECTOR, f"#{name} svg").size
        assert 250 < size["width"] <= width, name
        assert size["height"] > 180, name


def test_the_plots_keep_most_of_a_phone_s_width(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    for name in driver.execute_script(PLACES):
        plot = f"return document.querySelector('#{name} .background').getBoundingClientRect().width"
        assert driver.execute_script(plot) > 170, name


def test_a_phone_scrolls_the_page_in_one_direction_only(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    assert overflow(driver) <= 0


def test_labels_stay_legible_and_inside_the_page_on_a_phone(driver: WebDriver, page: Path) -> None:
    open_report(driver, page, width=400)
    assert smallest_text(driver) >= 11
    beyond = driver.execute_script(
        "return [...document.querySelectorAll('.chart svg text')]"
        ".filter(it => it.getBoundingClientRect().right > 400).map(it => it.textContent)"
    )
    assert beyond == []


def test_no_label_is_cut_short_and_no_table_is_wider_than_a_screen(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    labels = driver.execute_script("return [...document.querySelectorAll('.chart svg text')].map(it => it.textContent)")
    assert [label for label in labels if "…" in label] == []
    boxes = "[...document.querySelectorAll('.scroll')].map(it => it.scrollWidth - it.clientWidth)"
    assert driver.execute_script(f"return Math.max(...{boxes})") <= 0


def test_hovering_a_model_tells_which_it_is(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    driver.execute_script("document.getElementById('benchmark-squad-1-1').scrollIntoView({block: 'center'})")
    points = driver.find_elements(By.CSS_SELECTOR, "#benchmark-squad-1-1 svg path[aria-roledescription='circle']")
    assert len(points) == 28
    ActionChains(driver).move_to_element(points[-1]).perform()
    tip = WebDriverWait(driver, 10).until(lambda it: it.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible"))
    for words in ("model", "year", "FLOP", "error"):
        assert words in tip.text


def test_hovering_an_exponent_tells_its_interval(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    driver.execute_script("document.getElementById('exponents').scrollIntoView({block: 'start'})")
    points = driver.find_elements(By.CSS_SELECTOR, "#exponents svg path[aria-roledescription='circle']")
    ActionChains(driver).move_to_element(points[0]).perform()
    tip = WebDriverWait(driver, 10).until(lambda it: it.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible"))
    assert "ImageNet per pass 2022" in tip.text
    assert "10.6 to 14.4" in tip.text


def test_a_slip_leads_to_its_claim(driver: WebDriver, page: Path) -> None:
    open_report(driver, page)
    driver.find_element(By.CSS_SELECTOR, ".slips a[href='#G4']").click()
    top = driver.execute_script("return document.getElementById('G4').getBoundingClientRect().top")
    assert -1 < top < 900


def test_print_shows_the_numbers_that_the_screen_folds_away(driver: WebDriver, page: Path) -> None:
    shown = "return document.querySelector('#E18 .folded tr:last-child').checkVisibility({contentVisibilityAuto: true})"
    open_report(driver, page)
    assert not driver.execute_script(shown)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:  # the page hears of the change a moment later
        WebDriverWait(driver, 10).until(lambda it: it.execute_script(shown))
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    WebDriverWait(driver, 10).until(lambda it: not it.execute_script(shown))


def test_the_page_asks_for_nothing_but_itself(driver: WebDriver, page: Path) -> None:
    assert asked_besides(driver, page) == []
