"""The exported book in Chromium: every page, from disk, with the network off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.chromium import CORNERS, readable, troubles
from sevviz.export.pages import notebooks_folder

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.slow
PAGES = ["index", *sorted(path.stem for path in notebooks_folder().glob("*.ipynb")), "claims"]
ALIVE = "document.querySelectorAll('section.player').length === document.querySelectorAll('section.alive').length"


def test_the_book_has_these_pages(book: dict[str, Path]) -> None:
    assert list(book) == PAGES


def test_the_whole_book_can_be_read_and_searched_from_disk(offline: BrowserContext, book: dict[str, Path]) -> None:
    """Every page is linked, and search finds a section without a server."""
    page = offline.new_page()
    page.goto(book["index"].as_uri())
    links = page.locator("main .contents a")
    assert [links.nth(n).get_attribute("href") for n in range(links.count())] == [f"{name}.html" for name in PAGES[1:]]
    page.get_by_label("Search in all pages").fill("selftest 10,000")
    expect(page.locator("#search-results li").first).to_contain_text("selftest")
    page.locator("#search-results a").first.click()
    page.wait_for_url("**/06_merged.html*")
    page.get_by_role("navigation", name="Book").get_by_role("link").last.click()
    page.wait_for_url("**/07_retry.html")
    for path in book.values():
        page.goto(path.as_uri())
        page.wait_for_function(ALIVE)


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(chromium: Browser, book: dict[str, Path], name: str) -> None:
    """By all rules on a light screen and a dark phone; the other two are looked at on the page of a scheme."""
    with readable(chromium) as page:
        page.goto(book[name].as_uri())
        page.wait_for_function(ALIVE)
        for button in page.locator(".cover button").all():
            button.click()
        if name == "index":
            page.get_by_label("Search in all pages").fill("mutex")
        assert troubles(page, CORNERS[:2]) == {}
