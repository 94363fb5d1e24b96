"""What holds for every notebook before it runs. That it runs is the test of the whole book, test_export_pages.py."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import sevviz
from sevviz.export.glossary import words_of

ROOT = Path(__file__).parent.parent
# Without the copies that JupyterLab keeps in a hidden folder once a reader has opened a notebook.
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").rglob("*.ipynb") if not path.parent.name.startswith("."))
SCREEN = 30  # lines of code that a reader sees at once


@cache
def cells(path: Path) -> list[dict[str, Any]]:
    """The cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_code_cell_is_longer_than_a_screen(path: Path) -> None:
    # A cell with the C that a student is to repair is a file, not code to be read at a glance.
    code = [text(cell) for cell in cells(path) if cell["cell_type"] == "code" and not text(cell).startswith("answer_")]
    assert [source[:40] for source in code if source.count("\n") >= SCREEN] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(cell)):
                assert "://" in target or (path.parent / target).exists(), target


def glossary_links(path: Path) -> list[str]:
    return [
        anchor
        for cell in cells(path)
        if cell["cell_type"] == "markdown"
        for anchor in re.findall(r"\]\(glossary\.ipynb#([^)]+)\)", text(cell))
    ]


def test_words_are_linked_to_the_glossary_once_in_each_notebook_and_are_in_it() -> None:
    words = words_of(ROOT / "notebooks" / "glossary.ipynb")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        links = glossary_links(path)
        assert sorted(set(links)) == sorted(links), path.name
        assert set(links) <= set(words), path.name


def test_the_first_screen_is_an_answer_that_a_search_gives() -> None:
    """Whoever reads no further than the first cell knows what came out; what 01 to 03 ask stays folded."""
    first = text(cells(ROOT / "notebooks" / "00_start_here.ipynb")[0])
    shown, _, folded = first.partition("<details>")
    assert shown.split("\n\n")[1].startswith("**The answer:** to lock two virtual machines")
    assert "both moves may be refused" in folded
    for scheme in ("flag_then_mutex", "sev_lock_two_vms"):
        verdict = sevviz.check(scheme, "double")
        assert verdict.complete
        assert not verdict.deadlocks
    assert sevviz.check("v4", "double").status == "failed"


def test_the_first_four_notebooks_explain_their_words() -> None:
    """A reader who knows no kernel begins there."""
    counts = {
        name: len(glossary_links(next((ROOT / "notebooks").glob(f"{name}_*")))) for name in ("00", "01", "02", "03")
    }
    assert min(counts.values()) >= 6, counts
    for term in (
        "VM",
        "task",
        "mutex",
        "deadlock",
        "schedule",
        "census",
        "timeline",
        "wait-for-graph",
        "progress-graph",
    ):
        assert term in glossary_links(ROOT / "notebooks" / "00_start_here.ipynb")


LINK = re.compile(r"\[[^\]]*\]\(([^)]*)\)")


def running_text(path: Path) -> str:
    """The prose of a notebook, without headings, code and links to other pages than the glossary."""
    prose = "\n".join(text(cell) for cell in cells(path) if cell["cell_type"] == "markdown")
    prose = re.sub(r"^#.*$", "", prose, flags=re.MULTILINE)
    return LINK.sub(lambda link: link[0] if link[1].startswith("glossary.ipynb#") else "", prose)


def first_said(word: str, prose: str) -> int | None:
    """Where a word of the glossary (a pattern) first stands outside of a link and of code; to lock is a verb."""
    bare = re.sub(r"`[^`]*`", lambda code: " " * len(code[0]), LINK.sub(lambda link: " " * len(link[0]), prose))
    said = re.search(rf"(?<![\w-])(?<!to ){word}(s|es|ed|ing)?(?![\w-])", bare)
    return None if said is None else said.start()


def words_said_before_their_link(path: Path, known: set[str]) -> list[str]:
    """Words of the glossary that a notebook uses before its link to them, or that no link has explained so far."""
    prose, late = running_text(path), []
    links = {link[1].partition("#")[2]: link.start() for link in LINK.finditer(prose)}
    for anchor in words_of(ROOT / "notebooks" / "glossary.ipynb"):
        said = first_said(anchor if anchor.startswith("-") else anchor.replace("-", "[- ]"), prose)
        if said is not None and said < links.get(anchor, 0 if anchor in known else len(prose)):
            late.append(anchor)
    known |= set(links)
    return late


def test_in_the_first_four_notebooks_a_word_is_explained_where_it_first_stands() -> None:
    known: set[str] = set()
    for name in ("00", "01", "02", "03"):
        path = next((ROOT / "notebooks").glob(f"{name}_*"))
        assert words_said_before_their_link(path, known) == [], path.stem


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_stepper_that_waits_for_an_answer_does_not_play_it(path: Path) -> None:
    """It may be set up with the one step that its question tells of; a longer schedule belongs into a cell below."""
    waiting = [text(cell) for cell in cells(path) if cell["cell_type"] == "code" and ", after=" in text(cell)]
    assert [code for code in waiting if re.search(r"schedule=(?!\"\d\")", code)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_needs_nothing_installed_and_imports_no_star(path: Path) -> None:
    code = "\n".join(text(cell) for cell in cells(path) if cell["cell_type"] == "code")
    assert not re.search(r"^\s*[!%]\s*(pip|conda)|import \*", code, flags=re.MULTILINE)


@pytest.mark.parametrize("name", sevviz.scheme_names())
def test_every_scheme_is_taught_in_a_notebook(name: str) -> None:
    """Adding a scheme without teaching it fails here."""
    taught = "\n".join(text(cell) for path in NOTEBOOKS for cell in cells(path))
    assert re.search(rf"\b{name}\b", taught), f"no notebook mentions {name}: show it in one"


def test_the_readme_lists_every_notebook_of_the_book() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [path.stem for path in (ROOT / "notebooks").glob("*.ipynb") if f"`{path.stem}`" not in readme]
    assert missing == []
