"""Exported pages on a wide screen and on a phone: nothing that is to be read is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from browser.chromium import PHONE, SCREEN, WIDTHS, readable, troubles
from sevviz.export.exporter import notebook_page
from sevviz.export.page import Page as ExportedPage
from sevviz.export.pages import claims_page
from sevviz.export.scheme import scheme_page
from sevviz.questions import ask_payload, static_html

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


# Where a text of a given length is broken: each place inside an errno or an arrow that spans two lines.
BROKEN = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of node.data.matchAll(/-E[A-Z]{2,}|->/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) found.push(node.data);
    }
  }
  return found;
}"""
ERRNO = "and it returns -EBUSY, but kvm->lock, `-EBUSY` and `kvm->migration_in_progress` stay whole"


def broken_lines(page: Page) -> list[str]:
    """Texts with an errno or an arrow that ends a line in its middle, at some width of a phone."""
    found = []
    for width in range(280, 420, 7):
        page.set_viewport_size({"width": width, "height": 900})
        found += page.evaluate(BROKEN)
    return found


def test_no_line_ends_inside_an_errno_or_an_arrow(chromium: Browser, tmp_path: Path) -> None:
    made = nbformat.v4.new_notebook()
    code = nbformat.v4.new_code_cell("1")
    code.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{ERRNO}\n" * 3)]
    table = "\n| one | two |\n|---|---|\n" + "| kvm->lock is taken and then -EBUSY | said `-EBUSY` |\n" * 3
    made.cells = [nbformat.v4.new_markdown_cell(f"# Retry: from -EBUSY\n\n{ERRNO} {ERRNO}\n{table}"), code]
    for page in opened(chromium, tmp_path / "breaks.html", notebook_page(made).html(), PHONE):
        assert broken_lines(page) == []
        assert "-EBUSY, but kvm->lock" in page.locator(".prose p").first.inner_text(), "copied text is as it was"


def test_nor_in_a_stepper(chromium: Browser, tmp_path: Path) -> None:
    for page in opened(chromium, tmp_path / "flag.html", scheme_page("flag_then_mutex", "double").html(), PHONE):
        page.evaluate("location.hash = '#stepper-1=1.2.1.2@4'")
        assert broken_lines(page) == []


def test_nor_in_a_question(chromium: Browser, tmp_path: Path) -> None:
    offered = [(f"{name} after every -EBUSY or -EINTR", name == "Both", f"{name}: -EBUSY") for name in ("Both", "One")]
    payload = ask_payload(
        "Both call again after every -EBUSY: who gets -EBUSY?", offered, explanation="So -EBUSY it is."
    )
    made = ExportedPage("Question", "")
    made.body = made.player({"player": "predict", "data": payload, "options": {}, "story": static_html(payload)})
    for page in opened(chromium, tmp_path / "question.html", made.html(), PHONE):
        assert broken_lines(page) == []
        page.get_by_role("button", name="Commit my prediction").click()
        assert broken_lines(page) == []


def test_a_long_name_in_a_heading_ends_its_line_behind_an_underscore() -> None:
    made = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# The side: `atomic_set_release`, atomic_set")]
    )
    text = notebook_page(made).html()
    assert "atomic_<wbr>set_<wbr>release</code>, atomic_<wbr>set</h1>" in text
    assert "<title>The side: `atomic_set_release`" in text


def test_a_table_of_words_is_a_card_for_each_row_on_a_phone(chromium: Browser, tmp_path: Path) -> None:
    made = nbformat.v4.new_notebook()
    row = "| it sleeps in atomic context, every time | Sean Christopherson | **confirmed**: every schedule of all |\n"
    made.cells = [nbformat.v4.new_markdown_cell(f"# Title\n\n| claim | said by | verdict |\n|---|---|---|\n{row * 3}")]
    for page in opened(chromium, tmp_path / "table.html", notebook_page(made).html(), PHONE):
        cell = page.locator("td[data-label=verdict]").first
        box = cell.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE, "the verdict is not cut off"
        assert cell.evaluate("(one) => getComputedStyle(one, '::before').content") == '"verdict"'
        assert page.locator(".scroll").evaluate("(one) => one.scrollWidth <= one.clientWidth")
        assert troubles(page) == {}
