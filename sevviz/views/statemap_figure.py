"""The state map as a matplotlib figure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sevviz.schedule import format_schedule
from sevviz.views.figure import SpokenFigure
from sevviz.views.regions import REGIONS, mark_words, scenario_title
from sevviz.views.statemap import alt_of, loop_steps, map_text, state_map
from sevviz.views.style import BLUE, GREY, INK, PAPER, RING, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sevviz.verdict import Verdict
    from sevviz.views.statemap import StateMap

__all__ = ["draw_state_map"]

ROOM = 0.3  # inches between two layers, if there are few
WIDEST, HIGHEST = 11.0, 8.0  # inches of the map itself
HEAD, LEGEND_LINE = 0.75, 0.21  # inches
NARROWEST = 5.6


def draw_state_map(verdict: Verdict, schedule: str = "") -> SpokenFigure:
    """Every reachable state, with a schedule in it; raises SevvizError where there are too many to read."""
    found = state_map(verdict, schedule)
    with figure_style():
        figure = _figure(found)
    figure.alt, figure.twin = alt_of(found), map_text(found)
    return figure


def _figure(found: StateMap) -> SpokenFigure:
    xs, ys = zip(*found.places, strict=True)
    columns, rows = max(xs) + 1, max(ys) - min(ys) + 1
    used = [kind for kind in REGIONS if kind in found.classes]
    legend = LEGEND_LINE * (len(used) + 2 + bool(found.loop))
    wide, high = min(WIDEST, ROOM * 1.5 * columns), min(HIGHEST, max(ROOM * rows, 1.0))
    width, height = max(wide + 0.5, NARROWEST), high + legend + HEAD + 0.35
    figure = SpokenFigure(figsize=(width, height), facecolor=PAPER)
    axes = figure.add_axes((0.25 / width, (legend + 0.35) / height, wide / width, high / height))
    size = max(2.5, min(10.0, 0.62 * 72 * min(wide / columns, high / rows)))
    _draw(axes, found, size)
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_ylim(min(ys) - 0.7, max(ys) + 0.7)
    figure.legend(loc="lower left", frameon=False, bbox_to_anchor=(0.005, 0.0), handlelength=2.2)
    program = found.verdict.program
    figure.text(0.015, 1 - 0.25 / height, program.title, fontsize=12, fontweight="bold", va="center")
    taken = f"schedule {format_schedule(found.schedule)}" if found.schedule else "all schedules"
    figure.text(0.015, 1 - 0.5 / height, f"{scenario_title(program)} · {taken}", va="center")
    return figure


def _draw(axes: Axes, found: StateMap, size: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_yticks([])
    axes.set_xlabel("number of steps (at least)", fontsize=8, labelpad=2)
    axes.tick_params(labelsize=7)
    axes.spines["left"].set_visible(False)
    edges = [(s, t) for s, out in enumerate(found.verdict.graph.edges) for _, t in out]
    _lines(axes, found, edges, GREY, 0.5, 1)
    _lines(axes, found, loop_steps(found), RING, 1.6, 2, "the livelock's loop")
    _lines(axes, found, list(pairwise(found.path)), BLUE, 2.2, 3, "the schedule")
    for kind, region in REGIONS.items():
        places = [place for place, name in zip(found.places, found.classes, strict=True) if name == kind]
        if places:
            xs, ys = zip(*places, strict=True)
            axes.plot(
                xs, ys, region.marker, color=region.fill, markeredgecolor=INK, markersize=size,
                markeredgewidth=0.6, label=f"{mark_words(found.verdict, kind)} ({len(places)})", zorder=4,
            )  # fmt: skip
    if found.schedule:
        x, y = found.places[found.path[-1]]
        axes.plot([x], [y], "o", color="none", markeredgecolor=BLUE, markeredgewidth=2, markersize=size + 6, zorder=5)


def _lines(  # noqa: PLR0913, PLR0917 - how a line looks
    axes: Axes, found: StateMap, edges: list[tuple[int, int]], colour: str, width: float, level: int, label: str = ""
) -> None:
    from matplotlib.collections import LineCollection

    segments = [(found.places[source], found.places[target]) for source, target in edges]
    if segments:
        axes.add_collection(
            LineCollection(segments, colors=colour, linewidths=width, zorder=level, label=label or None)
        )
