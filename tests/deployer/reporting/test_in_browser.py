"""The page in Chromium: light and dark, on a desktop and a phone, with and without its script."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tests.deployer.reporting import browser as browsers
from tests.deployer.reporting.browser import (
    DESK,
    HAND,
    Chromium,
    Seen,
    chromium,
    difference,
    is_installed,
    is_sorted,
    opened,
)
from tests.deployer.reporting.pages import ATTACKS, coverage, full_subject, hostile_records, write
from tests.deployer.reporting.samples import records

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_installed() and not browsers.is_required(), reason="Chromium or axe-core is not installed"
    ),
]

NUMBER = 700
PAPER = 688
"""A4 in CSS pixels, less its margins."""

CONSOLE = re.compile(
    r"https://(?P<region>[a-z0-9-]+)\.console\.aws\.amazon\.com/ecr/repositories/private/\d{12}/.+\?region=(?P=region)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("report") / "report.html", records(NUMBER))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all of its parts and few rows."""
    return write(tmp_path_factory.mktemp("small") / "report.html", islice(records(400), 12))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("hostile") / "report.html", hostile_records())


@pytest.fixture
def seen(browser: Chromium, file: Path) -> Iterator[Seen]:
    """The page on a wide screen; fails if it logs or requests anything."""
    with opened(browser, file) as seen:
        yield seen
        assert seen.messages == []
        assert seen.requested == [file.as_uri()]


@pytest.mark.parametrize("section", ["", "time"])
def test_the_pictures_in_the_docs_show_the_page(
    browser: Chromium, file: Path, request: pytest.FixtureRequest, section: str
) -> None:
    """`make picture` updates them. Fonts and versions of Chromium differ a little; another layout differs more."""
    with opened(browser, file, width=1100) as seen:
        taken = seen.page.locator(f"#{section}").screenshot() if section else seen.page.screenshot()
    picture = ROOT / "docs" / f"report{section and '-'}{section}.png"
    if request.config.getoption("--update-golden"):
        picture.write_bytes(taken)
    assert picture.stat().st_size < 200_000
    assert difference(browser, picture.read_bytes(), taken) < 0.03


def test_axe_finds_no_violations_on_a_desktop(browser: Chromium, small: Path) -> None:
    with opened(browser, small) as seen:
        open_all(seen)
        assert seen.violations() == []
        seen.page.emulate_media(color_scheme="dark")
        assert seen.violations("color-contrast") == []
        assert seen.messages == []


def test_axe_finds_no_violations_on_a_phone(browser: Chromium, small: Path) -> None:
    with opened(browser, small, width=HAND, scheme="dark") as seen:
        open_all(seen)
        assert seen.violations() == []
        assert seen.messages == []


@pytest.mark.parametrize("width", [DESK, HAND])
def test_nothing_is_wider_than_the_window(browser: Chromium, file: Path, hostile: Path, width: int) -> None:
    for page in (file, hostile):
        with opened(browser, page, width=width) as seen:
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_all_regions_fit_on_paper(browser: Chromium, tmp_path: Path) -> None:
    """If something does not fit, a browser shrinks the whole printed page until it is unreadable."""
    everywhere = replace(full_subject(), coverage=coverage([f"ap-southeast-{number}" for number in range(1, 18)]))
    page = write(tmp_path / "report.html", islice(records(400), 12), subject=everywhere)
    with opened(browser, page, width=PAPER) as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= PAPER


def test_a_narrow_printout_has_narrow_charts(browser: Chromium, file: Path) -> None:
    with opened(browser, file, width=HAND) as seen:
        seen.page.emulate_media(media="print")
        assert seen.page.locator("figure .narrow").first.is_visible()
        assert not seen.page.locator("figure .wide").first.is_visible()
        columns = {box["x"] for one in seen.page.locator(".breakdown").all() if (box := one.bounding_box())}
        assert len(columns) == 1, "two columns would break names within words"


def test_the_page_logs_and_requests_nothing(seen: Seen) -> None:
    assert seen.page.title().startswith("Repositories created on push")


def test_clicking_a_heading_sorts_and_then_reverses_the_order(seen: Seen) -> None:
    for column in ("time", "repository", "account", "region", "outcome"):
        head = seen.page.locator(f"thead .{column} button")
        head.click()
        assert seen.page.locator(f"th.{column}[aria-sort]").get_attribute("aria-sort") == "ascending"
        assert is_sorted(seen.rows(column)), column
        head.press("Enter")
        assert seen.page.locator(f"th.{column}[aria-sort]").get_attribute("aria-sort") == "descending"
        assert is_sorted(seen.rows(column), down=True), column
        assert seen.page.locator("th[aria-sort]").count() == 1


def test_the_longest_waits_are_listed_first(seen: Seen) -> None:
    seen.page.locator("thead .wait button").click()
    waits = [float(text.removesuffix(" s")) for text in seen.rows("wait")]
    assert waits == sorted(waits, reverse=True)


def test_filters_restrict_rows_and_can_be_cleared(seen: Seen) -> None:
    page = seen.page
    choose(page, "Outcome").select_option("refused")
    assert set(seen.rows("outcome")) == {"refused"}
    refused = counted(seen)
    choose(page, "OU").select_option("Workloads")
    assert 0 < counted(seen) < refused, "the OUs below count, and others do not"
    before = page.locator(".count").inner_text()
    page.get_by_role("searchbox").fill("TMP-cache shop-prod")
    page.wait_for_function("before => document.querySelector('.count').innerText !== before", arg=before)
    assert set(seen.rows("repository")) == {"team-b/tmp-cache"}
    assert set(seen.rows("account")) == {"shop-prod"}
    page.get_by_role("button", name="Clear").click()
    assert counted(seen) == NUMBER


def test_filters_that_match_no_row_show_a_message(seen: Seen) -> None:
    seen.page.get_by_role("searchbox").fill("no such thing")
    seen.page.get_by_text("No row fits these filters.").wait_for()
    assert counted(seen) == 0


def test_a_breakdown_links_to_its_rows(seen: Seen) -> None:
    row = seen.page.locator(".by-namespace tbody tr").first
    numbers = [int(text.replace(",", "")) for text in row.locator("td.number").all_inner_texts()]
    row.locator("a").click()
    assert counted(seen) == sum(numbers)
    seen.page.get_by_role("button", name="Remove the filter namespace").click()
    assert counted(seen) == NUMBER


def test_a_view_can_be_shared_by_its_url(browser: Chromium, file: Path) -> None:
    with opened(browser, file) as seen:
        choose(seen.page, "Outcome").select_option("failed")
        seen.page.locator("thead .repository button").click()
        address, shown = seen.page.evaluate("location.hash"), seen.rows("repository")
    with opened(browser, file, after=address) as other:
        assert set(other.rows("outcome")) == {"failed"}
        assert other.rows("repository") == shown


def test_pages_and_details_work_by_keyboard(seen: Seen) -> None:
    page = seen.page
    first = seen.rows("time")
    page.get_by_role("button", name="Next").press("Enter")
    assert not set(first) & set(seen.rows("time"))
    assert "51 to 100 of 700 rows" in page.locator(".count").inner_text()
    button = page.locator("#records tbody button").first
    button.press("Enter")
    assert page.locator("tr.detail dt", has_text="Event").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Enter")
    assert page.locator("tr.detail").count() == 0


def test_links_open_the_console_of_the_created_repository(seen: Seen) -> None:
    choose(seen.page, "Outcome").select_option("created")
    for link in seen.page.locator("#records tbody th a").all()[:5]:
        address = link.get_attribute("href") or ""
        assert CONSOLE.fullmatch(address)
        assert f"/{link.inner_text()}?" in address
    choose(seen.page, "Outcome").select_option("refused")
    assert seen.page.locator("#records tbody th a").count() == 0


def test_the_reader_chooses_light_or_dark(browser: Chromium, file: Path) -> None:
    with opened(browser, file, scheme="dark") as seen:
        dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen.page.get_by_text("Light", exact=True).click()
        light = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        seen.page.emulate_media(media="print", color_scheme="dark")
        paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(channels(dark)) < 150 < 600 < sum(channels(light))
        assert channels(paper) == [255, 255, 255]
        assert not seen.page.locator(".filters").is_visible(), "paper has nothing to click"
        assert seen.messages == []


@pytest.mark.parametrize(("width", "shown"), [(DESK, "wide"), (HAND, "narrow")])
def test_charts_adapt_to_the_width_of_the_window(browser: Chromium, file: Path, width: int, shown: str) -> None:
    with opened(browser, file, width=width) as seen:
        assert seen.page.locator(f"figure .{shown}").first.is_visible()
        assert seen.page.get_by_role("img", name="Decisions over time").count() == 1


def test_opening_details_does_not_change_the_columns(browser: Chromium, file: Path) -> None:
    with opened(browser, file) as seen:
        for width in (DESK, HAND, DESK):
            seen.page.set_viewport_size({"width": width, "height": 900})
            name = seen.page.locator("#records tbody .repository").first
            before = name.bounding_box()
            for button in seen.page.locator("#records tbody button").all()[:2]:
                button.click()
            after, details = name.bounding_box(), seen.page.locator("tr.detail dl").first.bounding_box()
            assert before
            assert after
            assert details
            assert (after["x"], after["width"]) == (before["x"], before["width"])
            assert details["width"] > 0.85 * width
            for button in seen.page.locator("#records tbody button").all()[:2]:
                button.click()


def test_without_the_script_the_newest_rows_are_shown(browser: Chromium, file: Path) -> None:
    with opened(browser, file, script=False) as seen:
        assert seen.page.locator("#records tbody tr").count() == 25
        assert not seen.page.locator("form").is_visible()
        assert seen.page.get_by_text("sorts, filters and shows all rows if JavaScript is enabled").is_visible()


@pytest.mark.parametrize(
    "script", [pytest.param(True, id="with the script"), pytest.param(False, id="without the script")]
)
def test_no_text_of_outsiders_becomes_markup(browser: Chromium, hostile: Path, script: bool) -> None:
    with opened(browser, hostile, script=script) as seen:
        if script:
            for button in seen.page.locator("#records tbody button").all()[:12]:
                button.click()
            seen.page.locator("[data-dimension=principal]").first.click()
        assert (
            seen.page.locator("body img, body script:not(:nth-last-child(-n+2)), svg[onload], [onmouseover]").count()
            == 0
        )
        assert seen.page.locator('a[href^="javascript"], main a[href^="http"]:not([href*="team-a"])').count() == 0
        shown = seen.page.locator("body").inner_text()
        assert all(attack.strip() in shown for attack in ATTACKS[:5])
        assert seen.messages == []
        assert len(seen.requested) == 1


TRIES = """({ address, expected }) => new Promise(resolve => {
    const stopped = []
    const stop = (what) => {
        stopped.push(what)
        if (expected.every((one) => stopped.includes(one))) resolve(stopped)
    }
    document.addEventListener('securitypolicyviolation', event => stop(event.effectiveDirective))
    const attempt = (...children) => {
        const element = document.createElement(children.shift())
        try { element.append(...children); document.body.append(element) } catch { stop('refused') }
        return element
    }
    attempt('script', 'window.ran = 1')
    attempt('style', '* { color: red }')
    attempt('img').src = address
    fetch(address).catch(() => {})
    try { document.body.innerHTML += '<b>' } catch { stop('trusted types') }
    setTimeout(() => resolve(stopped), 20_000)
})"""


def test_injected_markup_would_neither_run_nor_connect(browser: Chromium, file: Path) -> None:
    """The content security policy is the second line of defence; the test bypasses the first."""
    with opened(browser, file) as seen, socket.create_server(("127.0.0.1", 0)) as listener:
        expected = ["trusted types", "style-src-elem", "img-src", "connect-src"]
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
        stopped = seen.page.evaluate(TRIES, {"address": address, "expected": expected})
        assert set(expected) <= set(stopped)
        assert seen.page.evaluate("window.ran") is None
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_an_empty_ledger_gives_a_page_too(browser: Chromium, tmp_path: Path) -> None:
    with opened(browser, write(tmp_path / "report.html", [])) as seen:
        assert seen.page.locator("#time").get_by_text("Nothing was recorded.").is_visible()
        assert seen.page.locator("#breakdowns").get_by_text("Nothing was recorded.").is_visible()
        assert seen.page.locator(".chart svg").count() == 0
        assert seen.messages == []


def open_all(seen: Seen) -> None:
    """Open the details of a row, the first summary, and another dimension."""
    seen.page.locator("#records tbody button").first.click()
    seen.page.locator("summary").first.click()
    seen.page.locator("[data-dimension=principal]").first.click()


def choose(page: Page, name: str) -> Locator:
    """Choose a value of the filter with this label."""
    return page.get_by_role("combobox", name=name, exact=True)


def counted(seen: Seen) -> int:
    """The number of rows that the page reports."""
    count = seen.page.locator(".count").inner_text().split(", filtered")[0]
    return int(count.split(" of ")[-1].removesuffix(" rows").removesuffix(" row").replace(",", ""))


def channels(colour: str) -> list[int]:
    """Red, green and blue of a computed colour."""
    return [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
