"""Schemes by scenarios: each cell a certified verdict with the schedule that shows it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.catalogue import program, scenario, scenario_names, scheme_names
from sevviz.counting import counted
from sevviz.schedule import format_schedule
from sevviz.verdict import verdict_of
from sevviz.views.chips import chips_of
from sevviz.views.names import is_move, listed
from sevviz.views.verdict_words import verdict_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.verdict import Verdict
    from sevviz.views.chips import Chip

__all__ = ["KINDS", "NOTE", "Kind", "Matrix", "MatrixCell", "cell_of", "matrix"]

COLUMNS = 88  # of a line of prose
MOST_STATES = 20_000  # of each search: a cell that needs more says "inconclusive"


class Kind(NamedTuple):
    """What a cell can say: a letter, a fill (Okabe and Ito's or a tint) and its meaning."""

    letter: str
    fill: str
    words: str


# In the order of severity: a cell says the worst that its scheme can do.
NOTE = "A letter tells the worst that was found (D before ! before L); the text of a cell tells all of it."
KINDS = {
    "deadlock": Kind("D", "#D55E00", "deadlock: some tasks wait for each other for ever"),
    "fault": Kind("!", "#CC79A7", "fault: a rule is broken (sleep in atomic context, unlock of a lock not held ...)"),
    "livelock": Kind("L", "#E69F00", "livelock: tasks can keep stepping for ever, and none returns"),
    "inconclusive": Kind("?", "#F0E442", "inconclusive: the search stopped at its limit"),
    "busy": Kind("B", "#a8d5f2", "busy: no deadlock, livelock or fault, but all moving tasks can fail"),
    "refused": Kind("E", "#e4e4e4", "refused: in every schedule, every moving task returns -EINVAL"),
    "clean": Kind("✓", "#d9f0e6", "clean: no deadlock, livelock or fault, and some moving task always succeeds"),
}


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One scheme in one scenario. `schedule` shows what `kind` says; it is a shortest one."""

    scheme: str
    scenario: str
    kind: str
    line: str
    schedule: str
    states: int
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells, row by row."""

    schemes: tuple[str, ...]
    scenarios: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    titles: dict[str, str]  # of schemes and scenarios
    whats: dict[str, str]  # what a scenario shows, in a sentence

    def cell(self, scheme: str, scenario: str) -> MatrixCell:
        """One cell; raises KeyError for names that the matrix does not have."""
        found = next((c for c in self.cells if (c.scheme, c.scenario) == (scheme, scenario)), None)
        if found is None:
            raise KeyError((scheme, scenario))
        return found

    def row(self, scheme: str) -> list[MatrixCell]:
        """The cells of a scheme, in the order of the scenarios."""
        return [cell for cell in self.cells if cell.scheme == scheme]

    def to_csv(self) -> str:
        """A line for each cell, with a heading: scheme, scenario, verdict, states, schedule, outcomes."""
        written = io.StringIO()
        lines = csv.writer(written, lineterminator="\n")
        lines.writerow(("scheme", "scenario", "verdict", "states", "schedule", "outcomes"))
        for c in self.cells:
            lines.writerow((c.scheme, c.scenario, c.kind, c.states, c.schedule, "; ".join(c.outcomes)))
        return written.getvalue()

    @property
    def text(self) -> str:
        """The matrix as plain text: a letter for each cell, the letters' meaning below."""
        wide = max(map(len, self.schemes))
        lines = [f"{'':{wide}}  {'  '.join(self.scenarios)}"]
        for scheme in self.schemes:
            letters = (KINDS[cell.kind].letter.center(len(cell.scenario)) for cell in self.row(scheme))
            lines.append(f"{scheme:{wide}}  {'  '.join(letters)}".rstrip())
        used = {cell.kind for cell in self.cells}
        lines += ["", *(f"{k.letter} {k.words}" for name, k in KINDS.items() if name in used), "", NOTE]
        return "\n".join([*lines, "", "Scenarios:", *map(self._told, self.scenarios)])

    def _told(self, scenario: str) -> str:
        """A scenario in a few lines: its name, its title, and what it shows."""
        told = f"{scenario}: {self.titles[scenario]}. {self.whats[scenario]}"
        return fill(told, COLUMNS, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)

    @property
    def alt(self) -> str:
        """What a glance at the matrix shows."""
        counts = {name: sum(cell.kind == name for cell in self.cells) for name in KINDS}
        each = listed(f"{count} {name}" for name, count in counts.items() if count)
        size = f"{counted(len(self.schemes), 'scheme')} and {counted(len(self.scenarios), 'scenario')}"
        return f"Matrix of {size}. Cells: {each}."

    def payload(self) -> dict[str, Any]:
        """What the browser shows."""
        used = {cell.kind for cell in self.cells}
        return {
            "view": "matrix",
            "label": "Matrix of schemes and scenarios",
            "schemes": [{"name": name, "title": self.titles[name]} for name in self.schemes],
            "scenarios": [
                {"name": name, "title": self.titles[name], "what": self.whats[name]} for name in self.scenarios
            ],
            "kinds": [{"name": n, "letter": k.letter, "words": k.words} for n, k in KINDS.items() if n in used],
            "cells": [
                {"kind": c.kind, "line": c.line, "schedule": c.schedule, "outcomes": list(c.outcomes)}
                for c in self.cells
            ],
            "note": NOTE,
            "alt": self.alt,
            "csv": self.to_csv(),
        }

    def as_html(self) -> str:
        """A table that needs no script."""
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.scenarios)
        rows = []
        for scheme in self.schemes:
            cells = "".join(
                f'<td title="{escape(c.line)}">{KINDS[c.kind].letter} {c.kind}</td>' for c in self.row(scheme)
            )
            rows.append(f'<tr><th scope="row">{escape(scheme)}</th>{cells}</tr>')
        used = {cell.kind for cell in self.cells}
        legend = "".join(f"<li>{k.letter} {escape(k.words)}</li>" for name, k in KINDS.items() if name in used)
        told = "".join(
            f"<dt>{escape(name)}: {escape(self.titles[name])}</dt><dd>{escape(self.whats[name])}</dd>"
            for name in self.scenarios
        )
        table = f'<thead><tr><th scope="col">scheme</th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'
        return f"<table>{table}</table><ul>{legend}</ul><p>{NOTE}</p><dl>{told}</dl>"


def matrix(
    schemes: Sequence[str] = (), scenarios: Sequence[str] = (), *, limit: int = MOST_STATES,
    progress: Callable[[int, int], None] | None = None,
) -> Matrix:  # fmt: skip
    """Search every scheme in every scenario; without names, all that come with sevviz.

    `limit` is a number of states for each search, `progress` is called with the cells done and their number. Raises
    SevvizError for a name that is not known.
    """
    rows = tuple(dict.fromkeys(schemes or scheme_names()))  # a name that is said twice is one row
    columns = tuple(dict.fromkeys(scenarios or scenario_names()))
    titles, whats = {n: scenario(n).title for n in columns}, {n: scenario(n).what for n in columns}
    cells = []
    for row in rows:
        for column in columns:
            verdict = verdict_of(program(row, column), limit)
            titles[row] = verdict.program.title
            cells.append(cell_of(verdict, row, column))
            if progress is not None:
                progress(len(cells), len(rows) * len(columns))
    return Matrix(rows, columns, tuple(cells), titles, whats)


def cell_of(verdict: Verdict, scheme: str, scenario: str) -> MatrixCell:
    """The cell of one verdict."""
    kind, chips = _kind(verdict), chips_of(verdict)
    shown = _chip_for(verdict, kind, chips)
    outcomes = tuple(f"{chip.label} ({chip.count})" if chip.count else chip.label for chip in chips)
    schedule = format_schedule(shown.schedule) if shown else ""
    return MatrixCell(scheme, scenario, kind, verdict_line(verdict), schedule, len(verdict.graph.states), outcomes)


def _kind(verdict: Verdict) -> str:
    if verdict.deadlocks:
        return "deadlock"
    if verdict.faults:
        return "fault"
    if verdict.livelock is not None:
        return "livelock"
    if not verdict.complete:
        return "inconclusive"
    results = {result for returns in verdict.returns for result in _of_moves(verdict, returns)}
    # A task of several calls has been refused one of them, and has done those before it.
    if results == {"-EINVAL"} and not any(";" in task.label for task in verdict.program.tasks):
        return "refused"
    return "busy" if any(_all_fail(verdict, returns) for returns in verdict.returns) else "clean"


def _of_moves(verdict: Verdict, returns: tuple[str | None, ...]) -> list[str | None]:
    """The results of the tasks that make a move; the built-in ioctl makes none."""
    pairs = zip(verdict.program.tasks, returns, strict=True)
    return [result for task, result in pairs if is_move(task.label)]


def _all_fail(verdict: Verdict, returns: tuple[str | None, ...]) -> bool:
    """Whether every moving task returned an error number."""
    return all(result is not None and result.startswith("-") for result in _of_moves(verdict, returns))


def _chip_for(verdict: Verdict, kind: str, chips: list[Chip]) -> Chip | None:
    """The finding that proves a cell's verdict."""
    if kind in ("busy", "refused"):
        losers = {o.schedule for o in verdict.outcomes if o.kind == "returned" and _all_fail(verdict, o.returns)}
        return next((chip for chip in chips if chip.kind == "returned" and chip.schedule in losers), None)
    wanted = {"clean": "returned", "inconclusive": "returned"}.get(kind, kind)
    return next((chip for chip in chips if chip.kind == wanted), None)
