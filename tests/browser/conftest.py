"""Fixtures for tests that need a browser; they share one, so they stay together in one worker."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from budgets import seconds_of_children
from playwright.sync_api import expect, sync_playwright

from browser.chromium import PATIENCE, launch, page_with, payload_of
from browser.shelf import Shelf
from sevviz.export import pages
from sevviz.export.pages import export_scheme, run_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode
    from playwright.sync_api import Browser, BrowserContext, Page


Shown = str | list[dict[str, Any]]  # a scheme's name, or payloads


class OpenPlayer(Protocol):
    """Opens a page with a player of a scheme in a scenario, or with players of given payloads."""

    def __call__(
        self,
        what: Shown = "naive",
        scenario: str = "double",
        *,
        schedule: str = "",
        width: int = 1280,
        dark: bool = False,
    ) -> Page:
        """Open it in a window of a width in CSS pixels."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shelf(chromium: Browser) -> Shelf:
    return Shelf(chromium)


@pytest.fixture
def open_player(shelf: Shelf, tmp_path: Path) -> Iterator[OpenPlayer]:
    """Pages opened from file://, as a reader opens an exported one; a script error on any of them fails the test."""
    numbers = count(1)
    with shelf.borrowed() as give:

        def open_page(
            what: Shown = "naive",
            scenario: str = "double",
            *,
            schedule: str = "",
            width: int = 1280,
            dark: bool = False,
        ) -> Page:
            page = give(width, "dark" if dark else "light")
            payloads = [payload_of(what, scenario)] if isinstance(what, str) else what
            file = tmp_path / f"player{next(numbers)}.html"
            file.write_text(page_with(payloads, schedule), encoding="utf-8")
            page.goto(file.as_uri())
            page.wait_for_function("window.players")
            return page

        yield open_page


@contextmanager
def without_network(chromium: Browser) -> Iterator[tuple[BrowserContext, list[str]]]:
    """A browser context without a network, and what pages in it ask for or log as an error."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    context.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    context.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else troubles.append(r.url))
    yield context, troubles
    context.close()


@pytest.fixture
def offline(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser context without a network; whatever a page asks for or logs as an error fails the test."""
    with without_network(chromium) as (context, troubles):
        yield context
    assert troubles == []


@pytest.fixture(scope="module")
def offline_window(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    with without_network(chromium) as (context, troubles):
        yield context.new_page(), troubles


@pytest.fixture
def offline_page(offline_window: tuple[Page, list[str]]) -> Iterator[Page]:
    """An empty page without a network, used by all tests of a module that store nothing; it fails them as above."""
    page, troubles = offline_window
    page.goto("about:blank")
    troubles.clear()
    yield page
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert troubles == []


@pytest.fixture(scope="session")
def naive_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported page of the naive scheme, with V4 below it."""
    path = tmp_path_factory.mktemp("page") / "naive.html"
    export_scheme("naive", "double", path, ["v4"])
    return path


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], dict[str, float]]:
    """The book, exported once, and what each notebook's kernel took of the CPU, in seconds."""
    seconds = dict[str, float]()

    def timed(path: Path) -> NotebookNode:
        begin = seconds_of_children()
        notebook = run_notebook(path)
        seconds[path.stem] = seconds_of_children() - begin
        return notebook

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "run_notebook", timed)
        written = pages.export_site(tmp_path_factory.mktemp("book"), cells=False)
    return written, seconds


@pytest.fixture(scope="session")
def book(exported: tuple[list[Path], dict[str, float]]) -> dict[str, Path]:
    """The book: its pages by name, the index first; without the pages of a matrix' cells."""
    return {path.stem: path for path in exported[0]}


@pytest.fixture(scope="session")
def notebook_seconds(exported: tuple[list[Path], dict[str, float]]) -> dict[str, float]:
    """What each notebook of the book that has code took of the CPU when it was exported, in seconds."""
    return exported[1]
