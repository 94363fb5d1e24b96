"""One lane of a timeline: a task's steps in a row of their own, and under it a row for each object that it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.interpreter import CPU
from sevviz.views.lanes import WORK
from sevviz.views.names import arrow
from sevviz.views.style import GREY, INK, LOOKS, PAPER, RING, Role
from sevviz.views.timeline_plan import LANE, LETTER, ROW, SMALL, end_text, has_faults, object_name, wait_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sevviz.views.lanes import Bar, Lane, Mark
    from sevviz.views.timeline_plan import Plan

__all__ = ["draw_lane"]

PAD = 0.03  # inches, above and below a bar
ARROW = 0.14  # inches, at the end of a bar that goes on


def draw_lane(axes: Axes, plan: Plan, lane: Lane, top: float) -> None:
    """Draw a lane with its upper edge at `top`."""
    middle = top + LANE / 2
    label = f"{lane.task}  {arrow(plan.trace.program.tasks[lane.task - 1].label)}"
    axes.text(plan.left - 0.08, middle, label, fontsize=9, fontweight="bold", ha="right", va="center")
    ended = plan.right if lane.returned is None else plan.x(lane.returned)
    axes.plot([plan.left, ended], [middle, middle], color=GREY, linewidth=0.8, zorder=1)
    rows = _rows(lane, top)
    for number, y in rows.items():
        _draw_row_name(axes, plan, number, y)
    for bar in lane.bars:
        _draw_bar(axes, plan, bar, rows.get(bar.object, top), in_ring=(lane.task, bar.object) in plan.ring)
    for mark in lane.marks:
        _draw_step(axes, plan, mark, top, rows.get(mark.object))
    if has_faults(lane):
        _draw_fault_names(axes, plan, lane, top + LANE)
    _draw_end(axes, plan, lane, middle)


def _rows(lane: Lane, top: float) -> dict[int, float]:
    """The upper edge of each object's row."""
    first = top + LANE + ROW * has_faults(lane)
    return {number: first + ROW * index for index, number in enumerate(lane.objects)}


def _draw_row_name(axes: Axes, plan: Plan, number: int, y: float) -> None:
    name = object_name(plan.trace, number)
    axes.text(plan.left - 0.08, y + ROW / 2, name, fontsize=8, ha="right", va="center", color=INK)
    axes.plot([plan.left, plan.right], [y + ROW / 2] * 2, color="#e3e6ea", linewidth=0.6, zorder=0.6)


def _box(axes: Axes, ends: tuple[float, float], top: float, role: Role, height: float = ROW) -> None:
    from matplotlib.patches import Rectangle

    look, corner, size = LOOKS[role], (ends[0], top + PAD), (ends[1] - ends[0], height - 2 * PAD)
    axes.add_patch(Rectangle(corner, *size, facecolor=look.fill, hatch=look.hatch, edgecolor=INK, lw=0.7, zorder=3))


def _write(axes: Axes, at: tuple[float, float], text: str, ground: str, **style: str | float) -> None:
    """A short text on a patch of a colour, which keeps it clear of hatches and lines."""
    box = {"boxstyle": "square,pad=0.1", "facecolor": ground, "edgecolor": "none"}
    axes.text(*at, text, bbox=box, **{"fontsize": 7, "va": "center", "zorder": 7, **style})  # type: ignore[arg-type]


def _draw_bar(axes: Axes, plan: Plan, bar: Bar, top: float, *, in_ring: bool) -> None:
    left, right, look = plan.x(bar.start), plan.until(bar), LOOKS[bar.role]
    height = ROW if bar.object != CPU else LANE
    _box(axes, (left, right), top, bar.role, height)
    texts = wait_texts(bar) if bar.holder else [] if bar.object == WORK else [object_name(plan.trace, bar.object)]
    # The name of what is held stands between the dots of the first step and the last.
    first = left + (0.06 if bar.holder else plan.step / 2 + 0.1)
    room = right - first - (0.06 if bar.holder or bar.open else plan.step / 2 + 0.1) - (ARROW if bar.open else 0)
    fitting = [text for text in texts if SMALL * len(text) <= room]
    if fitting:
        _write(axes, (first, top + height / 2), fitting[0], look.fill)
    if bar.open:
        _write(axes, (right - 0.05, top + height / 2), "→", look.fill, ha="right")
    if in_ring and bar.holder and bar.open:
        from matplotlib.patches import Rectangle

        corner, tall = (left, top + PAD), height - 2 * PAD
        axes.add_patch(Rectangle(corner, right - left, tall, fill=False, edgecolor=RING, linewidth=2.2, zorder=4))


def _draw_step(axes: Axes, plan: Plan, mark: Mark, top: float, row: float | None) -> None:
    """The step in the task's own row, and a dot where it touches an object."""
    if not mark.label and not mark.faults:
        return
    role: Role = "fault" if mark.faults else "running"
    left, middle = plan.x(mark.step - 1), plan.x(mark.step - 0.5)
    _box(axes, (left, left + plan.step), top, role, LANE)
    look = LOOKS[role]
    text = f"!{mark.label}" if mark.faults else mark.label
    size = min(7.0, 6.6 * plan.step / (SMALL * len(text)))
    ground = PAPER if mark.faults else look.fill
    _write(axes, (middle, top + LANE / 2), text, ground, color=look.text, fontsize=size, ha="center")
    if row is not None:
        axes.plot([middle], [row + ROW / 2], marker="o", markersize=3.2, color=INK, zorder=4)


def _draw_fault_names(axes: Axes, plan: Plan, lane: Lane, top: float) -> None:
    """The rules that were broken, each with its step, from left to right without overlaps."""
    free = 0.0
    for mark in lane.marks:
        if mark.faults:
            text = f"! {mark.step}: {', '.join(mark.faults)}"
            x = max(plan.x(mark.step - 1), free)
            _write(axes, (x, top + ROW / 2), text, PAPER, color=RING, fontsize=7.5, fontweight="bold")
            free = x + LETTER * len(text) + 0.1


def _draw_end(axes: Axes, plan: Plan, lane: Lane, middle: float) -> None:
    """What has become of the task."""
    if lane.returned is not None:
        at = plan.x(lane.returned)
        _box(axes, (at, at + 0.1), middle - LANE / 2, "returned", LANE)
    text = end_text(plan.trace, lane)
    if text:
        x = plan.x(plan.last) + (0.18 if lane.returned is not None else 0.1)
        weight = "bold" if lane.returned is not None else "normal"
        _write(axes, (x, middle), text, PAPER, fontsize=8, fontweight=weight)
