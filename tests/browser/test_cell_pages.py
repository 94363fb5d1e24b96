"""In a book, a cell of a matrix leads to a page that opens its schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import readable, troubles
from sevviz.export.page import Page as ExportedPage
from sevviz.export.pages import export_cells

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

SCHEMES, SCENARIOS = ("naive", "v4"), ("double", "ring3")
LINK = "Open its schedule"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A page with a matrix, and the pages of its cells after it."""
    folder = tmp_path_factory.mktemp("book")
    board = sevviz.matrix(SCHEMES, SCENARIOS).table
    page = ExportedPage("Matrix", "")
    place = page.player({"player": "explain", "data": board.payload(), "options": {}, "story": board.as_html()})
    page.body = f"<h1>Matrix</h1>{place}"
    cells = export_cells(folder, "matrix.html", page)
    matrix = folder / "matrix.html"
    matrix.write_text(page.html(), encoding="utf-8")
    return [matrix, *cells]


def test_cells_have_pages_but_for_those_that_are_too_large(written: list[Path]) -> None:
    folder = written[0].parent
    assert [str(path.relative_to(folder)) for path in written[1:]] == [
        "schemes/naive-double.html", "schemes/naive-ring3.html", "schemes/v4-double.html",
    ]  # fmt: skip
    assert len(sevviz.check("v4", "ring3").graph.states) > 3_000


@pytest.mark.parametrize("cell", ["naive, double", "naive, ring3", "v4, double"])
def test_a_cell_opens_its_schedule(offline: BrowserContext, written: list[Path], cell: str) -> None:
    scheme, scenario = cell.split(", ")
    wanted = sevviz.matrix([scheme], [scenario]).cell(scheme, scenario).schedule
    page = offline.new_page()
    page.goto(written[0].as_uri())
    expect(page.get_by_role("link", name=LINK)).to_have_count(0)
    page.get_by_role("button", name=cell).click()
    said = page.get_by_role("status").filter(has_text=f"{cell} (")
    assert said.evaluate("(one) => one.nextElementSibling.textContent") == f"{LINK}: {cell}", "below what is said of it"
    page.get_by_role("link", name=f"{LINK}: {cell}", exact=True).click()
    steps = wanted.split()
    page.wait_for_url(f"**/schemes/{scheme}-{scenario}.html#stepper-1={'.'.join(steps)}@{len(steps)}")
    expect(page.locator("#stepper-1 .sv-field")).to_have_value(wanted)
    expect(page.locator("#stepper-1 .sv-counter")).to_have_text(f"step {len(steps)} of {len(steps)}")
    expect(page.locator("#link-note")).to_be_empty()
    page.get_by_role("navigation", name="Book").get_by_role("link", name="Matrix").click()
    page.wait_for_url("**/matrix.html")


def test_a_cell_without_a_page_has_no_link(offline: BrowserContext, written: list[Path]) -> None:
    page = offline.new_page()
    page.goto(written[0].as_uri())
    page.get_by_role("button", name="naive, double").click()
    expect(page.get_by_role("link", name=LINK)).to_have_count(1)
    page.get_by_role("button", name="v4, ring3").click()
    expect(page.get_by_role("link", name=LINK)).to_have_count(0)


def test_axe_finds_nothing_with_a_link_to_a_cell(chromium: Browser, written: list[Path]) -> None:
    with readable(chromium) as page:
        page.goto(written[0].as_uri())
        page.get_by_role("button", name="naive, double").click()
        assert troubles(page) == {}
