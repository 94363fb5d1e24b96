"""The book round the pages: its index, search, and the way from page to page."""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple

from bs4 import BeautifulSoup

from sevviz.export.page import Page, data_block

__all__ = ["Chapter", "index_page", "navigation"]

EXCERPT = 1500  # characters of a section that search looks at and shows from


class Chapter(NamedTuple):
    """A page of the book. Links are relative to one folder, so the book works under any address and from disk."""

    file: str
    title: str
    description: str
    body: str


def navigation(chapters: list[Chapter], current: Chapter) -> str:
    """Contents, previous and next."""
    place = chapters.index(current)
    links = ['<a href="index.html">Contents</a>']
    if place:
        links.append(f'<a rel="prev" href="{chapters[place - 1].file}">← {escape(chapters[place - 1].title)}</a>')
    if place + 1 < len(chapters):
        links.append(f'<a rel="next" href="{chapters[place + 1].file}">{escape(chapters[place + 1].title)} →</a>')
    return f'<nav class="book" aria-label="Book">{"".join(links)}</nav>'


def index_page(chapters: list[Chapter]) -> Page:
    """The contents, and a search over all sections that needs no server."""
    items = "".join(
        f'<li><span>{_number(chapter)}</span><div><a href="{chapter.file}">{escape(chapter.title)}</a><br>'
        f"{escape(chapter.description)}</div></li>"
        for chapter in chapters
    )
    body = (
        "<h1>sevviz: locking two VMs at once</h1>"
        "<p>Step every proposal of a kernel list's argument by hand, and see what a finished search says of it. "
        "These pages work from disk, without a network.</p>"
        '<p><label for="search">Search in all pages</label><br>'
        '<input id="search" type="search" autocomplete="off"> <span id="search-count" role="status"></span></p>'
        f'<ul id="search-results"></ul><h2>Contents</h2><ul class="contents">{items}</ul>'
    )
    page = Page("sevviz: locking two VMs at once", body, "Locking two VMs at once, stepped and certified.")
    page.blocks.append(data_block("search-data", _sections(chapters)))
    return page


def _number(chapter: Chapter) -> str:
    """The number that a notebook's file begins with; what has none stands outside of the order."""
    found = re.match(r"\d+", chapter.file)
    return found[0] if found else ""


def _sections(chapters: list[Chapter]) -> list[dict[str, str]]:
    """The text under each heading, with where it is."""
    found = []
    for chapter in chapters:
        soup = BeautifulSoup(chapter.body, "html.parser")
        for removed in soup.select("section.player, section.words, details.source"):
            removed.decompose()
        entry = {"href": chapter.file, "title": chapter.title, "text": ""}
        for node in soup.find_all(["h1", "h2", "h3", "p", "li", "td"]):
            text = " ".join(node.get_text(" ").split())
            if node.name in ("h1", "h2", "h3"):
                found.append(entry)
                anchor = f"#{node['id']}" if node.get("id") else ""
                entry = {"href": chapter.file + anchor, "title": f"{chapter.title}: {text}", "text": text}
            else:
                entry["text"] = f"{entry['text']} {text}"[:EXCERPT]
        found.append(entry)
    return [entry for entry in found if entry["text"]]
