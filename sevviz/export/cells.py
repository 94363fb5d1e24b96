"""Pages for the cells of a matrix, so that a reader of the book can open the schedule that a cell speaks of."""

from __future__ import annotations

from html import escape
from itertools import product
from typing import TYPE_CHECKING

from sevviz.catalogue import program
from sevviz.export.page import data_block
from sevviz.export.scheme import scheme_page
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.export.page import Page

__all__ = ["FOLDER", "cell_pages"]

FOLDER = "schemes"  # beside the book's pages; page.js knows it, too
MOST_STATES = 3_000  # a page of more than so many would take longer to load than its reader waits


def cell_pages(page: Page, home: str) -> Iterator[tuple[str, Page]]:
    """The pages of the cells of the matrices on a page, by file name, with a link back to it: `home` is its file.

    The page is told which of its cells have one, when all of them have been made.
    """
    names = []
    for scheme, scenario in _cells(page):
        if not verdict_of(program(scheme, scenario), MOST_STATES).complete:
            continue
        names.append(f"{scheme}-{scenario}")
        made = scheme_page(scheme, scenario)
        made.navigation = _navigation(home, page.title)
        yield f"{names[-1]}.html", made
    if names:
        page.blocks.append(data_block("cell-pages", names))


def _cells(page: Page) -> list[tuple[str, str]]:
    """Scheme and scenario of each cell, once."""
    found: dict[tuple[str, str], None] = {}
    for data in page.shown:
        if data.get("view") == "matrix":
            names = ([one["name"] for one in data[side]] for side in ("schemes", "scenarios"))
            found |= dict.fromkeys(product(*names))
    return list(found)


def _navigation(home: str, title: str) -> str:
    links = f'<a href="../index.html">Contents</a><a href="../{home}">↑ {escape(title)}</a>'
    return f'<nav class="book" aria-label="Book">{links}</nav>'
