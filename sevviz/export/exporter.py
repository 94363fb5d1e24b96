"""A notebook as a self-contained page: `jupyter nbconvert --to sevviz_html`, and what `sevviz export` stands on."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bs4 import BeautifulSoup
from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.filters import Highlight2HTML, markdown2html_mistune, strip_ansi

from sevviz.embedding import MIME, VARIABLE
from sevviz.export.glossary import notes_for
from sevviz.export.page import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bs4 import Tag
    from nbformat import NotebookNode

__all__ = ["SevvizExporter", "notebook_page"]

SHORT_CODE = 18  # letters: code of so few is read as one word, and no line ends in it
FEW_COLUMNS = 3  # from so many on, a table of prose is wider than a phone
# What an output may be shown as, best first.
FORMATS = (MIME, "text/html", "image/svg+xml", "image/png", "text/markdown", "text/plain")
LIVE_ONLY = "live-only"  # the tag of a cell that is about running a notebook: a page leaves it out
WIDGET = "application/vnd.jupyter.widget-view+json"


class SevvizExporter(HTMLExporter):
    """Prose, folded code, pictures with alternative text, and every sevviz player alive; nothing is loaded."""

    export_from_notebook = "sevviz page"

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - nbconvert's own signature
        # A kernel started from here (--execute) inherits the wish for embedded players.
        os.environ.setdefault(VARIABLE, "1")
        super().__init__(**options)  # type: ignore[no-untyped-call]

    def from_notebook_node(  # type: ignore[override]  # nbconvert's own subclasses return the text, too
        self,
        nb: NotebookNode,
        resources: Any = None,  # noqa: ANN401 - nbconvert's own signature
        **options: Any,  # noqa: ANN401 - nbconvert's own signature
    ) -> tuple[str, Any]:
        """The page and nbconvert's resources."""
        # The base class runs the preprocessors (--execute is one); nbconvert's HTML templates are not ours.
        prepared, resources = Exporter.from_notebook_node(self, nb, resources, **options)
        folder = (resources or {}).get("metadata", {}).get("path")
        return notebook_page(prepared, None if folder is None else Path(folder)).html(), resources


def notebook_page(notebook: NotebookNode, folder: Path | None = None) -> Page:
    """The page of an executed notebook; `folder` is where it lies, for the words that it links to its glossary.

    Cells with the tag "live-only" are left out.
    """
    shown = [cell for cell in notebook.cells if LIVE_ONLY not in cell.metadata.get("tags", ())]
    page = Page(title_of(shown), "", description_of(shown))
    parts = []
    for number, cell in enumerate(shown, 1):
        if cell.cell_type == "markdown":
            parts.append(f'<div class="prose">{prose(cell.source)}</div>')
        elif cell.cell_type == "code":
            parts.append(_code_cell(page, number, cell))
    body = "\n".join(parts)
    page.body = body if folder is None else notes_for(body, folder)
    return page


def title_of(cells: Sequence[NotebookNode]) -> str:
    """The first heading of the cells of a notebook."""
    for cell in cells:
        found = re.search(r"^# +(.+)$", cell.source, flags=re.MULTILINE) if cell.cell_type == "markdown" else None
        if found:
            return str(found[1])
    return "sevviz"


def description_of(cells: Sequence[NotebookNode]) -> str:
    """The first sentence of the prose, for search engines and previews."""
    for cell in cells:
        if cell.cell_type == "markdown":
            text = BeautifulSoup(prose(cell.source), "html.parser")
            first = text.find("p")
            if first is not None:
                return shortened(" ".join(first.get_text().split()))
    return ""


def shortened(text: str, most: int = 200) -> str:
    """The beginning of a text: whole sentences if one fits, whole words otherwise."""
    if len(text) <= most:
        return text
    sentences = text[: most + 1].rpartition(". ")[0]
    return f"{sentences}." if sentences else f"{text[:most].rpartition(' ')[0]} …"


def prose(source: str) -> str:
    """Markdown as HTML, with links between notebooks turned into links between pages."""
    soup = cleaned(markdown2html_mistune(source))
    for link in soup.find_all("a"):
        link["href"] = re.sub(r"^(?![a-z]+:)([^#?]+)\.ipynb(?=#|$)", r"\1.html", str(link.get("href", "")))
        if "anchor-link" in (link.get("class") or ()):
            link.decompose()
    for code in soup.select(":not(pre) > code"):
        if len(code.text) <= SHORT_CODE:
            code["class"] = "short"
    for table in soup.find_all("table"):
        _named_cells(table)
    return str(soup)


def _named_cells(table: Tag) -> None:
    """Each cell with the heading of its column: a phone makes a card of each row, with the heading before the cell."""
    heads = [head.get_text() for head in table.select("thead th")]
    if len(heads) >= FEW_COLUMNS and all(heads):
        table["class"] = "cards"
        for row in table.select("tbody tr"):
            for name, cell in zip(heads, row.find_all("td"), strict=False):
                cell["data-label"] = name


def cleaned(html: str) -> BeautifulSoup:
    """HTML without anything that runs, loads or styles itself: the policy would refuse it anyway, and say so loudly."""
    soup = BeautifulSoup(html, "html.parser")
    for node in soup.find_all(["script", "style", "link", "iframe", "object", "embed", "form", "base", "meta"]):
        node.decompose()
    for node in soup.find_all():
        for name in list(node.attrs):
            value = str(node.attrs[name])
            loads = name in ("src", "srcset") and not value.startswith("data:image/")
            runs = name.startswith("on") or name == "style" or re.match(r"\s*javascript:", value, flags=re.IGNORECASE)
            if loads or runs:
                del node.attrs[name]
    for table in soup.find_all("table"):
        # A group, not a region: a landmark for each table would crowd out those of the page.
        frame = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": "table"}
        # A wide table scrolls by itself instead of the page.
        table.wrap(soup.new_tag("div", attrs=frame))
    return soup


def _code_cell(page: Page, number: int, cell: NotebookNode) -> str:
    if not cell.source.strip():
        return ""
    highlighted = cleaned(Highlight2HTML(pygments_lexer="python")(cell.source))
    source = f'<details class="source"><summary>Code of this cell</summary>{highlighted}</details>'
    shown = [_output(page, output) for output in cell.get("outputs", [])]
    return "\n".join([source, *filter(None, shown)]) + f"<!-- cell {number} -->"


def _output(page: Page, output: NotebookNode) -> str:
    if output.output_type == "stream":
        return f'<div class="output"><pre>{escape(strip_ansi(output.text))}</pre></div>'
    if output.output_type == "error":
        return f'<div class="output"><pre>{escape(strip_ansi(chr(10).join(output.traceback)))}</pre></div>'
    data = output.get("data", {})
    if WIDGET in data and not set(data) & set(FORMATS[:-1]):
        return '<p class="output degraded">A widget that lives in the notebook only: run the notebook to use it.</p>'
    for mime in FORMATS:
        if mime in data:
            return _SHOW[mime](page, data)
    return ""


def _player(page: Page, data: dict[str, Any]) -> str:
    return page.player(data[MIME])


def _html(_page: Page, data: dict[str, Any]) -> str:
    return f'<div class="output">{cleaned(data["text/html"])}</div>'


def _svg(_page: Page, data: dict[str, Any]) -> str:
    return _image(f"data:image/svg+xml;charset=utf-8,{quote(data['image/svg+xml'])}", data)


def _png(_page: Page, data: dict[str, Any]) -> str:
    return _image(f"data:image/png;base64,{''.join(data['image/png'].split())}", data)


def _image(source: str, data: dict[str, Any]) -> str:
    alt = escape(str(data.get("text/plain", "figure")))
    return f'<div class="output"><img alt="{alt}" src="{source}"></div>'


def _markdown(_page: Page, data: dict[str, Any]) -> str:
    return f'<div class="output">{prose(data["text/markdown"])}</div>'


def _plain(_page: Page, data: dict[str, Any]) -> str:
    return f'<div class="output"><pre>{escape(data["text/plain"])}</pre></div>'


_SHOW: dict[str, Callable[[Page, dict[str, Any]], str]] = {
    MIME: _player,
    "text/html": _html,
    "image/svg+xml": _svg,
    "image/png": _png,
    "text/markdown": _markdown,
    "text/plain": _plain,
}
