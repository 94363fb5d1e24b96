"""The progress graph as a matplotlib figure: regions, walls, doors and the staircase of a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.schedule import format_schedule
from sevviz.views.figure import SpokenFigure
from sevviz.views.names import arrow
from sevviz.views.progress import alt_of, progress_graph, progress_text, short
from sevviz.views.regions import FORK, PASSAGES, REGIONS, scenario_title
from sevviz.views.style import BLUE, GREY, INK, PAPER, RING, figure_style

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from sevviz.progress import Border, Path, ProgressGraph
    from sevviz.verdict import Verdict

__all__ = ["draw_progress"]

CELL = 0.3  # inches
CHARACTER = 0.067  # inches of a step's name
TOP, LEGEND_LINE = 0.8, 0.2  # inches
NARROWEST = 5.6  # inches: the legend's words
JAMB = 0.3  # part of a border that a door's jamb takes on each side


def draw_progress(verdict: Verdict, schedule: str = "", tasks: tuple[int, int] = (1, 2)) -> SpokenFigure:
    """The progress graph of two tasks with a schedule in it; raises SevvizError where there is none."""
    graph = progress_graph(verdict, schedule, tasks)
    with figure_style():
        figure = _figure(graph)
    figure.alt, figure.twin = alt_of(graph), progress_text(graph)
    return figure


def _figure(graph: ProgressGraph) -> SpokenFigure:
    columns, rows = (len(path.positions) for path in graph.paths)
    under, side = (CHARACTER * max(map(len, _labels(path))) + 0.2 for path in graph.paths)
    entries = _legend_entries(graph)
    below = under + LEGEND_LINE * len(entries) + 0.15
    width, height = max(side + CELL * columns + 0.2, NARROWEST), below + CELL * rows + TOP
    figure = SpokenFigure(figsize=(width, height), facecolor=PAPER)
    box = (side / width, below / height, CELL * columns / width, CELL * rows / height)
    axes = figure.add_axes(box)
    axes.set_xlim(0, columns)
    axes.set_ylim(0, rows)
    _draw_cells(axes, graph)
    _draw_borders(axes, graph)
    _draw_stairs(axes, graph)
    _draw_axes(axes, graph)
    handles, names = zip(*entries, strict=True)
    figure.legend(handles, names, loc="lower left", frameon=False, bbox_to_anchor=(0.01, 0.0), handlelength=2.4)
    program = graph.graph.program
    figure.text(0.012, 1 - 0.25 / height, program.title, fontsize=12, fontweight="bold", va="center")
    figure.text(0.012, 1 - 0.5 / height, f"{scenario_title(program)} · {_schedule_words(graph)}", va="center")
    return figure


def _schedule_words(graph: ProgressGraph) -> str:
    written = format_schedule(graph.schedule)
    return f"schedule {written}" if written else "before the first step"


def _draw_cells(axes: Axes, graph: ProgressGraph) -> None:
    from matplotlib.patches import Rectangle

    for x, column in enumerate(graph.cells):
        for y, cell in enumerate(column):
            look = REGIONS[cell.kind]
            quiet = cell.kind == "unreachable"
            axes.add_patch(
                Rectangle(
                    (x, y), 1, 1, facecolor=look.fill, edgecolor=GREY,
                    hatch=look.hatch, linewidth=0.4, linestyle=":" if quiet else "-",
                )
            )  # fmt: skip
            if cell.kind in ("finished", "deadlocked", "faulted", "mixed", "doomed"):
                axes.text(
                    x + 0.5, y + 0.5, look.letter, ha="center", va="center", fontweight="bold", zorder=8, fontsize=8,
                    bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"},
                )  # fmt: skip


def _draw_borders(axes: Axes, graph: ProgressGraph) -> None:
    for x, column in enumerate(graph.across):
        for y, border in enumerate(column):
            _draw_border(axes, border, (x + 1, y), upright=True)
    for x, column in enumerate(graph.up):
        for y, border in enumerate(column):
            _draw_border(axes, border, (x, y + 1), upright=False)


def _draw_border(axes: Axes, border: Border, corner: tuple[int, int], *, upright: bool) -> None:
    """A wall as a bar, a door as its two jambs, a shut one with a leaf between; inverted after a failed try."""
    on, off = {"door", "refused"} & set(border), {"shut", "granted"} & set(border)
    jamb, leaf = (RING, INK) if {"refused", "granted"} & set(border) else (INK, RING)

    def bar(start: float, end: float, style: str = "-", width: float = 2.6, colour: str = INK) -> None:
        x, y = corner
        xs, ys = ((x, x), (y + start, y + end)) if upright else ((x + start, x + end), (y, y))
        axes.plot(xs, ys, color=colour, linewidth=width, linestyle=style, solid_capstyle="butt", zorder=4)

    if on or off:
        bar(0, JAMB, colour=jamb)
        bar(1 - JAMB, 1, colour=jamb)
    if off:
        bar(JAMB, 1 - JAMB, ":" if on else "-", 2.2, leaf)
    if "wall" in border:
        bar(0.06, 0.94, "-" if border == ("wall",) else ":")


def _draw_stairs(axes: Axes, graph: ProgressGraph) -> None:
    xs, ys = [x + 0.5 for x, _ in graph.stairs], [y + 0.5 for _, y in graph.stairs]
    axes.plot(xs, ys, color="white", linewidth=5, solid_joinstyle="round", zorder=5)
    axes.plot(xs, ys, color=BLUE, linewidth=2.4, solid_joinstyle="round", zorder=6)
    axes.plot(xs[:1], ys[:1], "o", color=BLUE, markersize=7, zorder=7)
    # A ring, so that the letter of the cell in which the schedule ends is seen through it.
    axes.plot(xs[-1:], ys[-1:], "o", color="none", markeredgecolor=BLUE, markeredgewidth=2.4, markersize=14, zorder=7)


def _draw_axes(axes: Axes, graph: ProgressGraph) -> None:
    first, second = graph.paths
    axes.set_xticks(range(1, len(first.positions)), _labels(first), rotation=90, fontsize=7.5)
    axes.set_yticks(range(1, len(second.positions)), _labels(second), fontsize=7.5)
    for path, labels in ((first, axes.get_xticklabels()), (second, axes.get_yticklabels())):
        if path.fork is not None:
            labels[path.fork - 1].set(color=RING, fontweight="bold")
    axes.tick_params(length=3)
    tasks = graph.graph.program.tasks
    axes.set_title(
        f"task {second.task} ({arrow(tasks[second.task - 1].label)}) ↑     task {first.task} "
        f"({arrow(tasks[first.task - 1].label)}) →",
        fontsize=9, loc="left", pad=5,
    )  # fmt: skip
    for spine in axes.spines.values():
        spine.set_linewidth(0.6)


def _labels(path: Path) -> list[str]:
    marked = [f"{number} {short(operation)}" for number, operation in enumerate(path.operations, 1)]
    if path.fork is not None:
        marked[path.fork - 1] = f"↪ {marked[path.fork - 1]}"
    return marked


def _legend_entries(graph: ProgressGraph) -> list[tuple[Artist | tuple[Artist, ...], str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    kinds = {cell.kind for column in graph.cells for cell in column}
    entries: list[tuple[Artist | tuple[Artist, ...], str]] = [
        (Patch(facecolor=look.fill, hatch=look.hatch, edgecolor=GREY), look.words)
        for kind, look in REGIONS.items()
        if kind in kinds
    ]
    borders = {passage for plane in (graph.across, graph.up) for column in plane for b in column for passage in b}
    dashed = (0, (2, 3))
    looks: dict[str, dict[str, Any]] = {  # each is drawn over the one of its name with an asterisk
        "wall": {"color": INK, "linewidth": 2.6},
        "door": {"color": INK, "linewidth": 2.6, "linestyle": dashed},
        "shut": {"color": RING, "linewidth": 2.2},
        "refused": {"color": RING, "linewidth": 2.6, "linestyle": dashed},
        "granted*": {"color": RING, "linewidth": 2.6},
        "granted": {"color": INK, "linewidth": 2.6, "linestyle": (20.9, (3.7, 20))},  # in the middle of it
    }
    for kind, words in PASSAGES.items():
        if kind in borders:
            entries.append((tuple(Line2D([], [], **looks[k]) for k in (f"{kind}*", kind) if k in looks), words))
    if any(path.fork for path in graph.paths):
        entries.append((Line2D([], [], linewidth=0, marker="$↪$", color=RING), FORK))
    entries.append((Line2D([], [], color=BLUE, linewidth=2.4, marker="o"), "the schedule, one step each"))
    return entries
