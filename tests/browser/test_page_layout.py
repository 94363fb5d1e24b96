"""Exported pages on a wide screen and on a phone: nothing that is to be read is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from browser.chromium import PHONE, SCREEN, WIDTHS, readable, troubles
from sevviz.export.exporter import notebook_page
from sevviz.export.pages import claims_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

# The longest line that lockdep printed so far, and text without a blank.
SPLAT = " #0: (address) (&kvm->svm.sec_info.migration_lock){+.+.}-{2:2}, at: sev_lock_for_migration+0x5c/0x130\n"
LONG = "x" * 400
CUT = """() => [...document.querySelectorAll("main, main *")].filter((one) => one.scrollWidth > one.clientWidth + 1
  && getComputedStyle(one).display !== "inline" && !one.closest("thead")).map((one) => one.tagName + one.className)"""


def opened(browser: Browser, path: Path, text: str, width: int) -> Iterator[Page]:
    path.write_text(text, encoding="utf-8")
    with readable(browser) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path.as_uri())
        yield page


def width_of(page: Page) -> int:
    width: int = page.evaluate("innerWidth")
    return width


@pytest.fixture(params=WIDTHS)
def outputs(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page with text outputs of every kind, and a block of code in its prose."""
    made = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell(f"print({LONG!r})")
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text=SPLAT),
        nbformat.v4.new_output("stream", name="stdout", text=LONG),
        nbformat.v4.new_output("execute_result", {"text/plain": f"Fault({LONG})"}, execution_count=1),
    ]
    made.cells = [nbformat.v4.new_markdown_cell(f"# Title\n\n{'word ' * 60}\n\n    {SPLAT}"), cell]
    yield from opened(chromium, tmp_path / "outputs.html", notebook_page(made).html(), request.param)


@pytest.fixture(params=WIDTHS)
def claims(request: pytest.FixtureRequest, chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    yield from opened(chromium, tmp_path / "claims.html", claims_page().html(), request.param)


def test_text_is_never_cut_and_a_splat_has_one_line_where_there_is_room(outputs: Page) -> None:
    outputs.locator("details.source").evaluate("(one) => { one.open = true; }")
    assert outputs.evaluate(CUT) == []
    lines = outputs.locator(".output pre").first.evaluate("(one) => one.clientHeight")
    prose = outputs.locator(".prose p").first.evaluate("(one) => one.clientWidth")
    assert (lines < 60) == (width_of(outputs) == SCREEN)
    assert prose <= 800, "words keep a length that can be read"


def test_the_claims_use_the_width_and_are_cards_on_a_phone(claims: Page) -> None:
    wide = width_of(claims) != PHONE
    assert claims.evaluate(CUT) == []
    table, main = claims.locator(".sevviz-claims").first, claims.locator("main")
    rule = "(one) => one.getBoundingClientRect().width"
    assert main.evaluate(rule) - table.evaluate(rule) < 60
    cells = claims.locator("tbody tr").first.locator("td")
    tops = [cells.nth(n).evaluate("(one) => one.getBoundingClientRect().top") for n in range(cells.count())]
    assert len(set(tops)) == (1 if wide else len(tops))
    heading = cells.nth(1).evaluate("(one) => getComputedStyle(one, '::before').content")
    assert heading == ("none" if wide else '"verdict"')
    expect(claims.get_by_role("link", name="mail").first).to_be_visible()


def test_axe_finds_nothing_on_the_claims(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "claims.html"
    path.write_text(claims_page().html(), encoding="utf-8")
    with readable(chromium) as page:
        page.goto(path.as_uri())
        assert troubles(page) == {}
