"""Fixtures for tests that need a browser; they share one, so they stay together in one worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from playwright.sync_api import sync_playwright

from browser.chromium import launch, page_with, payload_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


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
