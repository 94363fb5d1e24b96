"""Stills for paper and for readers without JavaScript: what each task is doing after each step, in a few bytes."""

from __future__ import annotations

from html import escape
from math import ceil
from typing import TYPE_CHECKING

from sevviz.analysis import ring_of
from sevviz.views.conditions import condition_of, role_of
from sevviz.views.names import arrow
from sevviz.views.style import INK, LOOKS, PAPER, RING, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevviz.analysis import Deadlock
    from sevviz.model import Trace

__all__ = ["lanes_svg", "legend_html", "looks_of"]

ACROSS = 16  # steps in a line where names are short: with them a still fits a phone
WIDTH, HEIGHT, LABEL = 20, 22, 62  # of a cell, and of short names before it, in SVG units
LETTER, LONGEST = 6.5, 22  # how wide a letter is at most on the average, and letters of the longest name

# A still: the look of each task after each step; the first column is the start.
Rows = list[list[Role]]


def looks_of(trace: Trace) -> Rows:
    """For each task its look at the start and after each step."""
    tasks = range(1, len(trace.program.tasks) + 1)
    return [[_look(trace, task, step) for step in range(len(trace.states))] for task in tasks]


def _look(trace: Trace, task: int, step: int) -> Role:
    if step and any(fault.task == task for fault in trace.steps[step - 1].faults):
        return "fault"
    condition = condition_of(trace.program, trace.states[step], task)
    own: Role = "atomic" if condition.atomic else "holding" if condition.holds else "running"
    return role_of(condition) or own


def lanes_svg(trace: Trace, deadlock: Deadlock | None = None) -> str:
    """An SVG element for a page: a row for each task, a cell for each step, letters in it, a ring round a deadlock."""
    rows, last = looks_of(trace), len(trace.states) - 1
    ring = {wait.task for wait in ring_of(trace.program, trace.states[-1], deadlock)} if deadlock else set()
    names = [_name(trace, task) for task in range(1, len(rows) + 1)]
    label = max(LABEL, *(ceil(LETTER * (len(name) + name.count("→"))) for name in names))
    count = ceil((last + 1) / (ACROSS - ceil((label - LABEL) / WIDTH)))  # lines, as equally long as may be
    across, height = ceil((last + 1) / count), HEIGHT * (len(rows) + 1)
    parts = list[str]()
    for line, start in enumerate(range(0, last + 1, across)):
        top = line * (height + HEIGHT // 2)
        columns = range(start, min(start + across, last + 1))
        left = {step: label + (step - start) * WIDTH for step in columns}
        parts += [_text(left[step] + WIDTH / 2, top + 16, f"{step}") for step in columns]
        for index, looks in enumerate(rows):
            down = top + HEIGHT * (index + 1)
            name = escape(names[index])
            parts.append(f'<text x="0" y="{down + 15}" text-anchor="start" fill="currentColor">{name}</text>')
            for step in columns:
                around = step == last and index + 1 in ring
                parts += _cell(looks[step], left[step], down, acts=_acts(trace, index + 1, step), ring=around)
    wide, high = label + across * WIDTH + 2, count * (height + HEIGHT // 2)
    said = f"Lanes: {len(rows)} tasks, {last} steps. The list says the same."
    return (
        f'<svg class="lanes" role="img" aria-label="{said}" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'font-size="11" text-anchor="middle">{"".join(parts)}</svg>'
    )


def _name(trace: Trace, task: int) -> str:
    name = f"{task} {arrow(trace.program.tasks[task - 1].label)}"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _acts(trace: Trace, task: int, step: int) -> bool:
    return step > 0 and trace.steps[step - 1].actor == task


def _cell(look: Role, x: int, y: int, *, acts: bool, ring: bool) -> Iterator[str]:
    fill = PAPER if look == "running" else LOOKS[look].fill
    stroke, thick = (RING, 2) if ring else (INK, 0.5)
    box = f'x="{x + 1}" y="{y + 1}" width="{WIDTH - 2}" height="{HEIGHT - 2}"'
    yield f'<rect {box} fill="{fill}" stroke="{stroke}" stroke-width="{thick}"/>'
    if acts:
        yield f'<path d="M{x + 4.5} {y + 4}v{HEIGHT - 8}" stroke="{INK}" stroke-width="3"/>'
    yield _text(x + WIDTH / 2 + 2, y + 15, letter_of(look), INK)


def _text(x: float, y: float, text: str, fill: str = "currentColor") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{fill}">{text}</text>'


def letter_of(look: Role) -> str:
    """The letter in a cell."""
    return "·" if look == "running" else LOOKS[look].letter


def legend_html(stills: Iterable[Rows]) -> str:
    """What the letters of stills stand for, as far as they are there."""
    present = {look for rows in stills for looks in rows for look in looks}
    names = {**{role: look.name for role, look in LOOKS.items()}, "running": "runs", "holding": "holds a lock"}
    meanings = ", ".join(f"{letter_of(role)} {names[role]}" for role in LOOKS if role in present)
    return f"<p>In the pictures a bar marks who took the step; {escape(meanings)}.</p>"
