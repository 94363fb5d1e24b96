"""Links to the glossary on an exported page: notes that open where the word stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest

from sevviz.export.exporter import notebook_page
from sevviz.export.glossary import words_of
from sevviz.export.pages import notebooks_folder, run_notebook

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

GLOSSARY = "# Words\n\n## Locks\n\n### try lock\nTakes it or says *no*. See [mutex](#mutex).\n\n### mutex\nOne owner."


def notebook(*sources: str) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source) for source in sources])
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a glossary."""
    nbformat.write(notebook(GLOSSARY), tmp_path / "glossary.ipynb")
    return tmp_path


def test_a_link_to_the_glossary_is_a_button_that_opens_its_note(folder: Path) -> None:
    body = notebook_page(notebook("A [try lock](glossary.ipynb#try-lock) never waits."), folder).body
    assert '<p>A <button class="word" popovertarget="word-try-lock" type="button">try lock</button> never' in body
    assert body.count('id="word-try-lock"') == 1
    assert "<p>Takes it or says <em>no</em>. See mutex.</p>" in body
    assert "One owner" not in body, "only the words of the page"


def test_a_word_that_the_glossary_has_not_stays_a_link(folder: Path) -> None:
    body = notebook_page(notebook("[spin](glossary.ipynb#spin), [all](glossary.ipynb)"), folder).body
    assert '<a href="glossary.html#spin">spin</a>, <a href="glossary.html">all</a>' in body
    assert "popover" not in body


def test_a_page_from_elsewhere_needs_no_glossary(tmp_path: Path) -> None:
    assert "popover" not in notebook_page(notebook("[spin](glossary.ipynb#spin)"), tmp_path).body
    assert words_of(tmp_path / "glossary.ipynb") == {}


def test_the_glossary_itself_is_a_page_without_notes() -> None:
    path = notebooks_folder() / "glossary.ipynb"
    page = notebook_page(run_notebook(path), path.parent)
    assert page.title == "Glossary"
    assert '<h3 id="atomic-context">atomic context</h3>' in page.body
    assert "popover" not in page.body
    assert all(f'id="{anchor}"' in page.body for anchor in words_of(path))
