"""Pages to be used again: to open a window costs Chromium more than what most tests do in it.

What a page holds goes with its document; the rest is put back: storage, size, media, the mouse.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from browser.chromium import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Error, Page

__all__ = ["Shelf"]

Colours = Literal["dark", "light"]
NOTHING = "about:blank"
FORGET = "() => { localStorage.clear(); sessionStorage.clear(); }"


class Shelf:
    """Empty pages of one browser, for files and with a clipboard."""

    def __init__(self, browser: Browser) -> None:
        """Begin with none; pages are made as they are needed."""
        self._context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        self._context.set_default_timeout(PATIENCE)
        self._free: list[Page] = []

    @contextmanager
    def borrowed(self) -> Iterator[Callable[[int, Colours], Page]]:
        """What gives a page of a width, as often as it is asked; a script error on any of them is a failure."""
        errors: list[str] = []
        given: list[Page] = []

        def note(error: Error) -> None:
            errors.append(str(error))

        def give(width: int, colours: Colours) -> Page:
            page = self._free.pop() if self._free else self._context.new_page()
            given.append(page)
            page.on("pageerror", note)
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme=colours)
            return page

        yield give
        for page in given:
            if page.url != NOTHING:
                page.evaluate(FORGET)
            page.goto(NOTHING)
            page.mouse.move(0, 0)
            page.remove_listener("pageerror", note)
            self._free.append(page)
        assert not errors, errors
