"""The timeline of one schedule: a lane for each task, with what it calls, holds and waits for at each step."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from sevviz.schedule import format_schedule
from sevviz.views.lanes import closing_of, lanes_of
from sevviz.views.names import tasks_title
from sevviz.views.style import GREY, INK, LOOKS, RING, Role, figure_style
from sevviz.views.text import timeline_sentences, timeline_text, wait_for_sentences
from sevviz.views.timeline_lane import draw_lane
from sevviz.views.timeline_plan import BETWEEN, EDGE, HEAD, LETTER, LINE, SMALL, Plan, plan_of
from sevviz.views.words import deadlock_sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sevviz.model import Trace
    from sevviz.views.figure import SpokenFigure

__all__ = ["draw_timeline", "timeline_alt", "timeline_svg"]

NARROWEST = 5.2  # inches: room for notes
TITLE_LETTER = 0.1  # inches


def draw_timeline(trace: Trace, title: str = "") -> SpokenFigure:
    """The timeline of a trace as a matplotlib figure with `alt` and `twin`.

    Under each task stand the locks and fields that it touches: a bar while it holds one, a hatched one while it waits.
    Rules that a step breaks are named under it, and a line marks the step that closes a deadlock.
    """
    from sevviz.views.figure import sheet

    plan = plan_of(trace)
    heading = title or f"{trace.program.title}, {tasks_title(trace.program)}"
    width = max(plan.right + EDGE, NARROWEST, 2 * EDGE + TITLE_LETTER * len(heading))
    notes = _notes(plan, width)
    legend = _legend_rows(plan, width)
    tops = plan.tops()
    bottom = tops[-1] + 0.06
    with figure_style():
        figure, axes = sheet(width, bottom + LINE * (len(notes) + len(legend)) + 0.22)
        _draw_head(axes, plan, heading, bottom - BETWEEN, width)
        for lane, top in zip(plan.lanes, tops, strict=False):
            draw_lane(axes, plan, lane, top)
        _draw_closing(axes, plan, bottom - BETWEEN)
        _draw_notes(axes, notes, bottom)
        _draw_legend(axes, legend, bottom + LINE * len(notes) + 0.1)
    figure.alt = timeline_alt(trace)
    figure.twin = timeline_text(trace)
    return figure


def timeline_svg(trace: Trace) -> str:
    """The timeline as SVG; the same trace gives the same bytes."""
    return draw_timeline(trace).svg()


def timeline_alt(trace: Trace) -> str:
    """What the timeline shows, for those who do not see it: the schedule, what went wrong, and where all stands."""
    told = [f"Timeline of {trace.program.title}, {tasks_title(trace.program)}."]
    told.append(f"Schedule {format_schedule(trace.schedule)}." if trace.steps else "Before the first step.")
    for number in range(1, len(trace.steps) + 1):
        told += [f"Step {number}: {sentence}" for sentence in timeline_sentences(trace, number)[1:]]
    closed = closing_of(trace)
    last = [f"Task {lane.task} returned {lane.result}." for lane in lanes_of(trace) if lane.returned is not None]
    waits = [] if closed else wait_for_sentences(trace.program, trace.states[-1], trace)
    return " ".join([*told, *(waits if len(last) < len(trace.program.tasks) else []), *last])


# Around the lanes.


def _notes(plan: Plan, width: float) -> list[str]:
    """The deadlock in words, under the lanes."""
    closed = closing_of(plan.trace)
    if closed is None:
        return []
    when = f"Step {closed[0]} closes it. " if closed[0] else "It is there from the start. "
    return textwrap.wrap(when + deadlock_sentence(plan.trace.program, closed[1]), int((width - 2 * EDGE) / LETTER))


def _draw_head(axes: Axes, plan: Plan, title: str, bottom: float, width: float) -> None:
    """Title, schedule, the numbers of the steps and a faint line between them."""
    shown = textwrap.shorten(f"schedule {format_schedule(plan.trace.schedule)}", int(width / LETTER), placeholder=" …")
    axes.text(EDGE, 0.22, title, fontsize=11, fontweight="bold", va="center")
    axes.text(EDGE, 0.46, shown if plan.trace.steps else "before the first step", fontsize=8, va="center")
    axes.text(plan.left - 0.08, HEAD - 0.12, "step", fontsize=7, ha="right", va="center", color=GREY)
    for number in range(1, plan.last + 1):
        axes.text(plan.x(number - 0.5), HEAD - 0.12, str(number), fontsize=7, ha="center", va="center", color=GREY)
    for time in range(plan.last + 1):
        line = GREY if time == plan.last else "#e3e6ea"
        axes.plot([plan.x(time)] * 2, [HEAD - 0.03, bottom], color=line, linewidth=0.6, zorder=0.5)


def _draw_closing(axes: Axes, plan: Plan, bottom: float) -> None:
    """A line at the step that closes the deadlock."""
    if plan.closing is None:
        return
    x = plan.x(plan.closing)
    axes.plot([x, x], [HEAD - 0.22, bottom], color=RING, linewidth=2.2, linestyle=(0, (4, 2)), zorder=6)
    words, side = f"step {plan.closing} closes the deadlock", "right" if x > plan.left + SMALL * 30 else "left"
    axes.text(x, HEAD - 0.3, words, fontsize=7.5, fontweight="bold", color=RING, ha=side, va="center")


def _draw_notes(axes: Axes, notes: list[str], top: float) -> None:
    for index, line in enumerate(notes):
        axes.text(EDGE, top + LINE * (index + 0.5), line, fontsize=8, color=RING, va="center")


def _legend_rows(plan: Plan, width: float) -> list[list[Role]]:
    """The looks that occur, in lines that fit."""
    present = {bar.role for lane in plan.lanes for bar in lane.bars}
    present |= {"running"} if plan.trace.steps else set()
    present |= {"fault"} if any(step.faults for step in plan.trace.steps) else set()
    present |= {"returned"} if any(lane.returned is not None for lane in plan.lanes) else set()
    rows, used = list[list[Role]]([[]]), EDGE
    for role in (role for role in LOOKS if role in present):
        if used + _legend_width(role) > width and rows[-1]:
            rows.append([])
            used = EDGE
        rows[-1].append(role)
        used += _legend_width(role)
    return rows if rows[0] else []


def _legend_width(role: Role) -> float:
    return 0.42 + SMALL * len(LOOKS[role].name)


def _draw_legend(axes: Axes, rows: list[list[Role]], top: float) -> None:
    from matplotlib.patches import Rectangle

    for index, row in enumerate(rows):
        x, y = EDGE, top + LINE * index
        for role in row:
            look = LOOKS[role]
            axes.add_patch(Rectangle((x, y), 0.22, 0.12, facecolor=look.fill, hatch=look.hatch, edgecolor=INK, lw=0.6))
            axes.text(x + 0.28, y + 0.06, look.name, fontsize=7, va="center")
            x += _legend_width(role)
