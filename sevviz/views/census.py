"""The outcome census as a figure: each way in which schedules end, how many of them do, and a shortest one of each."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

from sevviz.schedule import format_schedule
from sevviz.views.names import listed, tasks_title
from sevviz.views.style import GREY, INK, LOOKS, RING, Role, figure_style
from sevviz.views.text import table
from sevviz.views.verdict_words import FAULT_WORDS, outcome_label, schedules_words, verdict_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sevviz.census import Outcome
    from sevviz.verdict import Verdict
    from sevviz.views.figure import SpokenFigure

__all__ = ["census_alt", "census_text", "draw_census"]

# Inches.
WIDTH = 6.6
EDGE = 0.16
BAR = 0.17
LINE = 0.16
BETWEEN = 0.14
LETTER = 0.064  # of a text of 7.5 points
LEAST = 0.04  # what a bar of few schedules is drawn as, so that it is seen


class _Row(NamedTuple):
    """One finding; `schedules` is None where schedules cannot be counted."""

    role: Role
    label: str
    schedules: int | None
    schedule: str
    part: str  # the heading it stands under


UNCOUNTED = "possible, schedules not counted"
ENDS, ALSO = "How schedules end", "What schedules do on the way"


def draw_census(verdict: Verdict) -> SpokenFigure:
    """The census as a matplotlib figure with `alt` and `twin`: a bar for each outcome and for each kind of fault."""
    from sevviz.views.figure import sheet

    rows, program, total = _rows(verdict), verdict.program, verdict.census.interleavings
    head = textwrap.wrap(verdict_line(verdict), int((WIDTH - 2 * EDGE) / LETTER) - 6)
    top = 0.42 + LINE * len(head)
    heights = [_height(row) for row in rows]
    headings = len({row.part for row in rows}) * (LINE + BETWEEN)
    with figure_style():
        figure, axes = sheet(WIDTH, top + sum(heights) + headings + 0.22)
        axes.text(EDGE, 0.22, f"{program.title}, {tasks_title(program)}", fontsize=11, fontweight="bold", va="center")
        axes.text(EDGE, 0.36, "\n".join(head), fontsize=8, va="top", linespacing=1.25)
        # The counts come first: on a phone, the bars may be what one has to scroll for.
        told = [schedules_words(row.schedules, total) or UNCOUNTED for row in rows]
        counts = EDGE + 0.1 + LETTER * max(map(len, told), default=0)
        part, y = "", top
        for row, height in zip(rows, heights, strict=True):
            if row.part != part:
                y += BETWEEN
                axes.text(EDGE, y + LINE / 2, row.part, fontsize=8.5, color=GREY, va="center")
                part, y = row.part, y + LINE + 0.02
            _draw_row(axes, row, total, y, counts)
            y += height
    figure.alt, figure.twin = census_alt(verdict), census_text(verdict)
    return figure


def census_text(verdict: Verdict) -> str:
    """The census as a table for a terminal."""
    total = verdict.census.interleavings
    cells = [
        (row.label, schedules_words(row.schedules, total) or UNCOUNTED, row.schedule or "(no step)")
        for row in _rows(verdict)
    ]  # fmt: skip
    return "\n".join([verdict_line(verdict), "", table([("outcome", "schedules", "a shortest one"), *cells])])


def census_alt(verdict: Verdict) -> str:
    """What the figure shows, in sentences."""
    total = verdict.census.interleavings
    told = [f"Outcomes of {verdict.program.title}, {tasks_title(verdict.program)}. {verdict_line(verdict)}"]
    for row in _rows(verdict):
        counted = schedules_words(row.schedules, total)
        told.append(f"{row.label[0].upper()}{row.label[1:]}{f': {counted}' if counted else ''}.")
    return " ".join(told)


# What is shown.


def _rows(verdict: Verdict) -> list[_Row]:
    """Deadlocks and faults that end schedules first, then what is returned, then faults and endless runs."""
    program = verdict.program
    ends = [
        _Row(_role(outcome), outcome_label(program, outcome), outcome.interleavings,
             format_schedule(outcome.schedule), ENDS)
        for outcome in verdict.outcomes
    ]  # fmt: skip
    order: dict[Role, int] = {"fault": 0, "sleeping": 0, "holding": 1, "returned": 2}
    return [*sorted(ends, key=lambda row: order[row.role]), *_faults(verdict), *_endless(verdict)]


def _role(outcome: Outcome) -> Role:
    if outcome.kind == "fault":
        return "fault"
    if outcome.kind == "deadlock":
        return "sleeping"
    return "returned" if all(value in ("0", None) for value in outcome.returns) else "holding"


def _faults(verdict: Verdict) -> list[_Row]:
    rows: dict[str, _Row] = {}
    ended = {outcome.fault.kind for outcome in verdict.outcomes if outcome.fault is not None}
    for found in sorted(verdict.faults, key=lambda found: len(found.schedule)):
        kind, schedule = found.fault.kind, format_schedule(found.schedule)
        # A deadlock of one is an outcome already, and so is a fault that ends the schedule.
        if kind != "self-deadlock" and kind not in ended:
            rows.setdefault(kind, _Row("fault", FAULT_WORDS.get(kind, kind), found.interleavings, schedule, ALSO))
    return list(rows.values())


def _endless(verdict: Verdict) -> list[_Row]:
    rows = []
    if verdict.livelock is not None:
        lasso = verdict.livelock
        words = f"livelock: for ever {format_schedule(lasso.loop)}"
        rows.append(_Row("spinning", words, None, format_schedule(lasso.stem + lasso.loop), ALSO))
    if verdict.starvation is not None:
        lasso = verdict.starvation
        left_out = f"starvation of task {listed(map(str, lasso.tasks))} by an unfair scheduler"
        words = f"{left_out}: for ever {format_schedule(lasso.loop)}"
        rows.append(_Row("no-cpu", words, None, format_schedule(lasso.stem + lasso.loop), ALSO))
    return rows


# How it is drawn.


def _schedule_lines(row: _Row) -> list[str]:
    what = "schedule" if row.role in ("spinning", "no-cpu") else "shortest"
    return textwrap.wrap(f"{what}: {row.schedule or '(no step)'}", int((WIDTH - 2 * EDGE) / LETTER))


def _label_lines(row: _Row) -> list[str]:
    return textwrap.wrap(row.label, int((WIDTH - 2 * EDGE) / 0.078))


def _height(row: _Row) -> float:
    return LINE * (len(_label_lines(row)) + len(_schedule_lines(row))) + BAR + BETWEEN + 0.04


def _draw_row(axes: Axes, row: _Row, total: int | None, y: float, left: float) -> None:
    bad = row.part == ENDS and row.role in ("fault", "sleeping")
    for line in _label_lines(row):
        axes.text(EDGE, y + LINE / 2, line, fontsize=8.5, fontweight="bold", color=RING if bad else INK, va="center")
        y += LINE
    _draw_bar(axes, row, total, y + 0.02, left)
    for index, line in enumerate(_schedule_lines(row)):
        axes.text(EDGE, y + BAR + 0.04 + LINE * (index + 0.5), line, fontsize=7.5, color=GREY, va="center")


def _draw_bar(axes: Axes, row: _Row, total: int | None, y: float, left: float) -> None:
    """How many schedules, and from `left` on the bar."""
    from matplotlib.patches import Rectangle

    look, whole = LOOKS[row.role], WIDTH - EDGE - left
    if total and row.schedules is not None:
        axes.add_patch(Rectangle((left, y), whole, BAR, facecolor="none", edgecolor="#d5d9de", lw=0.7))
        width, words = max(LEAST, whole * row.schedules / total), schedules_words(row.schedules, total)
    else:
        width, words = BAR, UNCOUNTED
    axes.add_patch(Rectangle((left, y), width, BAR, facecolor=look.fill, hatch=look.hatch, edgecolor=INK, lw=0.7))
    axes.text(EDGE, y + BAR / 2, words, fontsize=7.5, va="center")
