"""The progress graph in words and as data for the live view; `sevviz.views.progress_figure` draws it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sevviz.counting import counted
from sevviz.progress import Plane, ProgressGraph
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.views.names import arrow, listed
from sevviz.views.regions import DOORS, FORK, PASSAGES, REGIONS, scenario_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.model import Operation
    from sevviz.progress import Border, Path
    from sevviz.verdict import Verdict

__all__ = ["alt_of", "cell_words", "progress_graph", "progress_payload", "progress_text", "short", "twin_text"]

LONGEST_LABEL = 38  # characters on an axis
MARGIN = 5  # characters to the left of the text twin's cells


def progress_graph(verdict: Verdict, schedule: str = "", tasks: tuple[int, int] = (1, 2)) -> ProgressGraph:
    """The progress graph of two tasks along a schedule; raises SevvizError where there is none."""
    actors = parse_schedule(schedule, len(verdict.program.tasks))
    return Plane(verdict.graph, verdict.survey, tasks).along(actors)


def short(operation: Operation | None) -> str:
    """A step as an axis has room for it: "cmpxchg(B.migration_in_progress)"."""
    if operation is None:
        return ""
    if operation.action in ("enter", "leave"):
        return f"{operation.action} the work"
    name = operation.text.split("(", 1)[0]
    inside = operation.text.removeprefix(name).strip("()").split(",")[0]
    name = name.removeprefix("atomic_")
    label = f"{name}({inside})" if inside else operation.text
    if len(label) > LONGEST_LABEL and inside:
        label = f"{name.removesuffix('_acquire').removesuffix('_release')}({inside})"
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"


def cell_words(graph: ProgressGraph, x: int, y: int) -> str:
    """One cell in a sentence: how far each task is, and what can come of it."""
    program, cell = graph.graph.program, graph.cells[x][y]
    where = f"Task {graph.paths[0].task} after {_steps(x)}, task {graph.paths[1].task} after {_steps(y)}"
    told = REGIONS[cell.kind].words
    if cell.locks:
        told = f"forbidden: both would hold {listed(program.objects[lock].name for lock in cell.locks)}"
    return f"{where}: {told}."


def _steps(count: int) -> str:
    return counted(count, "step")


# The text twin.


def progress_text(graph: ProgressGraph) -> str:
    """The whole picture as plain text: the grid with the schedule in it, both axes, and every door."""
    return twin_text(_twin(graph), format_schedule(graph.schedule), graph.stairs)


def _twin(graph: ProgressGraph) -> dict[str, Any]:
    """What of the text is the same for every schedule along these paths; the browser puts one in as `twin_text` does.

    `first` is the place of the first cell's asterisk in a row; each further cell has its own two places later.
    """
    program = graph.graph.program
    kinds = {cell.kind for column in graph.cells for cell in column}
    legend = [f"  {REGIONS[kind].letter!r} {REGIONS[kind].words}" for kind in REGIONS if kind in kinds]
    axes = [line for path in graph.paths for line in _axis(graph, path)]
    numbers = " " * MARGIN + "".join(f"{x % 100:<2}" for x in range(len(graph.paths[0].positions)))
    return {
        "head": f"Progress graph: {program.title}, {scenario_title(program)}",
        "taken": "schedule: {} (its cells have an asterisk)",
        "none": "none yet",
        "rows": _grid(graph),
        "first": MARGIN + 1,
        "below": [numbers, *legend, *axes, *_doors(graph)],
    }


def twin_text(twin: dict[str, Any], schedule: str, stairs: Sequence[Sequence[int]]) -> str:
    """The text twin with a schedule in it: the line that names it, and an asterisk in each cell of its stairs."""
    rows = [list(row) for row in twin["rows"]]
    for x, y in stairs:
        rows[len(rows) - 1 - y][twin["first"] + 2 * x] = "*"
    taken = twin["taken"].replace("{}", schedule or twin["none"])
    return "\n".join([twin["head"], taken, *("".join(row) for row in rows), *twin["below"]])


def _grid(graph: ProgressGraph) -> list[str]:
    rows = []
    for y in reversed(range(len(graph.paths[1].positions))):
        cells = [f"{REGIONS[column[y].kind].letter} " for column in graph.cells]
        rows.append(f"{y:>{MARGIN - 2}} |{''.join(cells)}|")
    return rows


def _axis(graph: ProgressGraph, path: Path) -> list[str]:
    label = arrow(graph.graph.program.tasks[path.task - 1].label)
    side = "to the right" if path is graph.paths[0] else "upwards"
    lines = [f"task {path.task} ({label}), {side}:"]
    for number, operation in enumerate(path.operations, 1):
        fork = "   <- here it leaves its straight path" if number == path.fork else ""
        lines.append(f"  {number:>2} {operation.text if operation else ''}{fork}")
    return lines


def _doors(graph: ProgressGraph) -> list[str]:
    """For each step that is a try: after how many steps of the other task it goes through, and where it does not."""
    lines = []
    for axis, path in enumerate(graph.paths):
        for step, operation in enumerate(path.operations):
            borders = graph.across[step] if axis == 0 else [column[step] for column in graph.up]
            at = {kind: [place for place, border in enumerate(borders) if kind in border] for kind in DOORS}
            after = {kind: f"after {_ranges(places)}" for kind, places in at.items() if places}
            other = f"steps of task {graph.paths[1 - axis].task}"
            head = f"door: step {step + 1} of task {path.task}, {operation.text if operation else ''},"
            if at["door"] and at["shut"]:
                lines.append(
                    f"{head} goes on along this axis {after['door']} {other}, and leads elsewhere {after['shut']}"
                )
            if at["refused"]:
                lines.append(f"{head} {after['refused']} {other}: {DOORS['refused']}")
            if at["granted"]:
                lines.append(f"{head} {after['granted']} {other}: {DOORS['granted']}")
    return lines


def _ranges(numbers: list[int]) -> str:
    """Numbers with runs drawn together: "0, 2 to 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return listed(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def alt_of(graph: ProgressGraph) -> str:
    """What a glance at the picture shows."""
    program = graph.graph.program
    counts = Counter[str](cell.kind for column in graph.cells for cell in column)
    regions = listed(f"{counts[kind]} {kind}" for kind in REGIONS if counts[kind])
    x, y = graph.stairs[-1]
    ends = f"The schedule {format_schedule(graph.schedule)} ends in a {graph.cells[x][y].kind} cell." if x + y else ""
    told = (
        f"Progress graph of {program.title}: steps of task {graph.paths[0].task} to the right, of task "
        f"{graph.paths[1].task} upwards. Cells: {regions}. {ends}"
    )
    return told.strip()


# Data for the live view.


def progress_payload(graph: ProgressGraph) -> dict[str, Any]:
    """What the browser draws. Columns first: `cells[x][y]`; each cell that can be reached has a schedule to it."""
    program = graph.graph.program
    others = [str(n) for n in range(1, len(program.tasks) + 1) if n not in {path.task for path in graph.paths}]
    used = {cell.kind for column in graph.cells for cell in column}
    borders = {passage for plane in (graph.across, graph.up) for column in plane for b in column for passage in b}
    return {
        "view": "progress",
        "label": f"Progress graph: {program.title}, {scenario_title(program)}",
        "title": f"{program.title}, {scenario_title(program)}",
        "note": f"Task {listed(others)} may stand anywhere." if others else "",
        "schedule": format_schedule(graph.schedule),
        "stairs": [list(at) for at in graph.stairs],
        "axes": [_axis_data(graph, path) for path in graph.paths],
        "cells": [[_cell_data(graph, x, y) for y in range(len(column))] for x, column in enumerate(graph.cells)],
        "across": [[list(border) for border in column] for column in graph.across],
        "up": [[list(border) for border in column] for column in graph.up],
        "looks": {kind: {"letter": look.letter.strip(), "words": look.words} for kind, look in REGIONS.items()},
        "used": [kind for kind in REGIONS if kind in used],
        "passages": {passage: words for passage, words in PASSAGES.items() if passage in borders},
        "fork": FORK,
        "twin": _twin(graph),
    }


def _axis_data(graph: ProgressGraph, path: Path) -> dict[str, Any]:
    return {
        "task": path.task,
        "label": arrow(graph.graph.program.tasks[path.task - 1].label),
        "fork": path.fork,
        "steps": [operation.text if operation else "" for operation in path.operations],
        "short": [short(operation) for operation in path.operations],
    }


def _cell_data(graph: ProgressGraph, x: int, y: int) -> dict[str, Any]:
    schedule = graph.schedule_to(x, y)
    found = None if schedule is None else format_schedule(schedule)
    told = {"kind": graph.cells[x][y].kind, "schedule": found, "words": cell_words(graph, x, y)}
    tries = _try_words(graph, x, y)
    return {**told, "tries": tries} if tries else told


def _try_words(graph: ProgressGraph, x: int, y: int) -> str:
    """What a try does that starts in a cell, in a sentence for each axis."""
    first, second = graph.paths
    ways: list[tuple[Path, int, Border]] = []
    if x < len(graph.across):
        ways.append((first, x, graph.across[x][y]))
    if y < len(graph.up[x]):
        ways.append((second, y, graph.up[x][y]))
    found = [(path, step, [DOORS[kind] for kind in DOORS if kind in border]) for path, step, border in ways]
    return " ".join(f"Step {step + 1} of task {path.task}: {', or '.join(told)}." for path, step, told in found if told)
