"""Fixtures for tests that need a browser; they share one, so they stay together in one worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import sync_playwright

from browser.chromium import launch, page_with, payload_of
from sevviz.export.pages import export_scheme, export_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page


Shown = str | list[dict[str, Any]]  # a scheme's name, or payloads
TIMEOUT = 5_000  # milliseconds; all is on this machine


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
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_player(chromium: Browser, tmp_path: Path) -> Iterator[OpenPlayer]:
    """Pages opened from file://, as a reader opens an exported one; a script error on any of them fails the test."""
    errors: list[str] = []
    contexts = []

    def open_page(
        what: Shown = "naive", scenario: str = "double", *, schedule: str = "", width: int = 1280, dark: bool = False
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light",
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        payloads = [payload_of(what, scenario)] if isinstance(what, str) else what
        file = tmp_path / f"player{len(contexts)}.html"
        file.write_text(page_with(payloads, schedule), encoding="utf-8")
        page.goto(file.as_uri())
        page.wait_for_function("window.players")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def offline(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser context without a network; whatever a page asks for or logs as an error fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    context.set_default_timeout(5_000)
    troubles: list[str] = []
    context.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else troubles.append(r.url))
    yield context
    context.close()
    assert troubles == []


@pytest.fixture(scope="session")
def naive_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported page of the naive scheme, with V4 below it."""
    path = tmp_path_factory.mktemp("page") / "naive.html"
    export_scheme("naive", "double", path, ["v4"])
    return path


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The book, exported once: its pages by name, the index first; without the pages of a matrix' cells."""
    return {path.stem: path for path in export_site(tmp_path_factory.mktemp("book"), cells=False)}
