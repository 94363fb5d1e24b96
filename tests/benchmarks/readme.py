"""Tables in Markdown, and their places in the README: what a command has measured is written by that command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["markdown", "put"]

README = Path(__file__).parents[2] / "README.md"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; every column after the first is aligned to the right."""
    rule = ["---", *("---:" for _ in headings[1:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in (headings, rule, *rows))


def put(name: str, table: str, readme: Path = README) -> None:
    """Put a table between `<!-- NAME -->` and `<!-- /NAME -->`."""
    text = readme.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{readme.name} has no place for the table: a line {begin.strip()} and a line {end}")
    readme.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")
