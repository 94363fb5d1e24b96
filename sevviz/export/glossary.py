"""Words explained where they stand: a link into glossary.ipynb becomes a note on the page, opened by a press.

A reader of one mailed page has no other page to go to, and a reader of a book should not lose the place. The note is
an HTML popover: it needs no script, closes with Escape, and is plain text at the end of a printed page.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import TYPE_CHECKING

import nbformat
from bs4 import BeautifulSoup
from nbconvert.filters import markdown2html_mistune

if TYPE_CHECKING:
    from pathlib import Path

    from bs4 import Tag

__all__ = ["FILE", "notes_for", "words_of"]

FILE = "glossary.ipynb"
LINK = re.compile(r"^glossary\.html#(.+)$")


@cache
def words_of(path: Path) -> dict[str, str]:
    """Each anchor of a glossary notebook with its explanation as HTML; empty where there is no such notebook."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for heading, text in re.findall(r"^### (.+)\n((?:(?!#).*\n?)*)", cell.source, flags=re.MULTILINE):
            found[heading.replace(" ", "-")] = _explained(heading, text)
    return found


def _explained(heading: str, text: str) -> str:
    soup = BeautifulSoup(markdown2html_mistune(text), "html.parser")
    for link in soup.find_all("a"):
        link.unwrap()
    return f"<p><strong>{escape(heading)}</strong></p>{soup}"


def notes_for(body: str, folder: Path) -> str:
    """The body of a page with its links to the glossary as buttons, and the notes that they open below it."""
    soup, words = BeautifulSoup(body, "html.parser"), words_of(folder / FILE)
    used: dict[str, str] = {}
    for link in soup.find_all("a", href=LINK):
        anchor = LINK.sub(r"\1", str(link["href"]))
        if anchor in words:
            used[anchor] = words[anchor]
            _turn_into_button(link, anchor)
    if not used:
        return body
    notes = "".join(f'<div popover id="{_name(anchor)}">{text}</div>' for anchor, text in used.items())
    return (
        f'{soup}\n<section class="words" aria-label="Words of this page"><h2>Words of this page</h2>{notes}</section>'
    )


def _turn_into_button(link: Tag, anchor: str) -> None:
    link.name = "button"
    link.attrs = {"type": "button", "class": "word", "popovertarget": _name(anchor)}


def _name(anchor: str) -> str:
    return f"word-{re.sub(r'[^A-Za-z0-9_-]', '', anchor)}"
