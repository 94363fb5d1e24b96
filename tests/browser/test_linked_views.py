"""On an exported page the progress graph goes where the stepper goes, and takes it along where the reader goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

import sevviz
from browser.chromium import PATIENCE
from sevviz.export.exporter import notebook_page
from sevviz.export.pages import export_scheme
from sevviz.progress import Plane
from sevviz.schedule import format_schedule
from sevviz.views.progress import progress_payload, progress_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode
    from playwright.sync_api import Browser, Page


def notebook(source: str) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
    return made


BEYOND = "This page does not hold the progress graph of these steps"


def opened(browser: Browser, folder: Path, scheme: str) -> Iterator[Page]:
    file = folder / f"{scheme}.html"
    export_scheme(scheme, "double", file)
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    context.set_default_timeout(PATIENCE)
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("section.player.alive")
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def flag(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of the atomic flag, whose tries send the tasks on different ways."""
    yield from opened(chromium, tmp_path, "flag_then_mutex")


@pytest.fixture
def rounds(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of a scheme that can go round and round, so that no page holds all of its graphs."""
    yield from opened(chromium, tmp_path, "trylock_backoff")


def choose(page: Page, schedule: str) -> None:
    field = page.locator("#stepper-1").get_by_role("textbox", name="Schedule")
    field.fill(schedule)
    field.press("Enter")


def stairs(page: Page) -> list[list[int]]:
    """The coordinates of the cells that the drawn line passes."""
    drawn = page.locator("#view-1 .sx-stairs").get_attribute("points") or ""
    rows = page.locator("#view-1 .sx-row").count() - 1  # one row has the names
    points = [point.split(",") for point in drawn.split()]
    return [[int(float(x)), rows - 1 - int(float(y))] for x, y in points]


def test_the_staircase_is_that_of_every_schedule_of_the_stepper(flag: Page) -> None:
    verdict = sevviz.check("flag_then_mutex")
    plane = Plane(verdict.graph, verdict.survey)
    wanted = [outcome.schedule for outcome in verdict.outcomes]
    flag.locator("#view-1 .sx-twin summary").click()
    for schedule in [*wanted, *(s[:k] for s in wanted for k in (3, 5)), ()]:
        choose(flag, format_schedule(schedule))
        data = progress_payload(plane.along(schedule))
        assert stairs(flag) == data["stairs"], schedule
        expect(flag.locator("#view-1 .sx-twin pre")).to_have_text(progress_text(plane.along(schedule)))
        expect(flag.locator("#view-1 .sx-twin pre")).to_be_visible()
        x, y = data["stairs"][-1]
        here = flag.locator("#view-1 [aria-current]")
        expect(here).to_have_attribute("aria-label", data["cells"][x][y]["words"])


def test_a_cell_takes_the_stepper_along_and_the_address_too(flag: Page) -> None:
    flag.get_by_role("gridcell", name="Task 1 after 1 step, task 2 after 2 steps").click()
    assert flag.url.endswith("#stepper-1=1.2.2@3")
    expect(flag.locator("#stepper-1 .sv-status")).to_contain_text("Step 3.")
    assert stairs(flag)[-1] == [1, 2]


def test_a_link_to_a_step_moves_both(flag: Page) -> None:
    flag.evaluate("location.hash = '#stepper-1=1.2.1@2'")
    expect(flag.locator("#stepper-1 .sv-status")).to_contain_text("Step 2.")
    expect(flag.locator("#view-1 [aria-current]")).to_have_attribute("aria-label", "Task 1 after 1 step, task 2 "
        "after 1 step: safe: every task can still return.")  # fmt: skip


def test_a_graph_that_the_page_does_not_hold_is_not_made_up(rounds: Page) -> None:
    line = " ".join(["1 2"] * 12)
    before = stairs(rounds)
    choose(rounds, line)
    expect(rounds.locator("#view-1").get_by_text(BEYOND)).to_be_visible()
    assert stairs(rounds) == before
    choose(rounds, "1")
    expect(rounds.locator("#view-1").get_by_text(BEYOND)).to_be_hidden()


def test_a_word_is_explained_where_it_stands_and_escape_closes_the_note(chromium: Browser, tmp_path: Path) -> None:
    nbformat.write(notebook("### mutex\nOne owner."), tmp_path / "glossary.ipynb")
    page = chromium.new_page(viewport={"width": 375, "height": 700})
    (tmp_path / "page.html").write_text(
        notebook_page(notebook("# T\n\nA [mutex](glossary.ipynb#mutex)."), tmp_path).html()
    )
    page.goto((tmp_path / "page.html").as_uri())
    note = page.locator("#word-mutex")
    expect(note).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    expect(page.get_by_role("button", name="mutex")).to_be_focused()
    page.emulate_media(media="print")
    expect(note).to_be_visible()
    page.close()
