"""The cost of certainty as a figure: states, nodes and seconds against the size of a family of scenarios."""

from __future__ import annotations

from math import isfinite, log10
from typing import TYPE_CHECKING, NamedTuple

from sevviz.scale import fit_exponent, table
from sevviz.views.style import BLUE, GREEN, INK, VERMILLION, figure_style

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from sevviz.scale import Row
    from sevviz.views.figure import SpokenFigure

__all__ = ["draw_scale"]

WIDTH, HEIGHT = 7.4, 2.7  # inches
EXACT = 10**6  # a larger number of states is written with its power of ten


class _Panel(NamedTuple):
    """One of the three pictures. `value` is None where a row does not have it."""

    title: str
    value: Callable[[Row], float | None]
    written: Callable[[float], str]
    colour: str
    marker: str
    logarithmic: bool = False


def _power(value: float) -> str:
    return f"{value:,.0f}" if value < EXACT else f"{value:.1e}".replace("e+", "e")


PANELS = (
    _Panel("States (logarithmic)", lambda row: row.states, _power, BLUE, "o", logarithmic=True),
    _Panel("Nodes of the diagrams", lambda row: row.nodes, lambda value: f"{value:,.0f}", VERMILLION, "s"),
    _Panel("Seconds", lambda row: row.seconds, lambda value: f"{value:.2f}", GREEN, "^"),
)


def draw_scale(rows: Sequence[Row], title: str = "") -> SpokenFigure:
    """The rows of `sevviz.scale.measure` as three small pictures, with `alt` and `twin`.

    Only sizes whose search finished are drawn: what a limit stopped has no number of states. Raises ValueError if none
    did.
    """
    from sevviz.views.figure import sheet

    known = [row for row in rows if row.states is not None]
    if not known:
        raise ValueError("draw_scale needs at least one search that finished")
    with figure_style():
        figure, sheet_axes = sheet(WIDTH, HEIGHT)
        sheet_axes.text(0.16, 0.22, title or "What certainty costs", fontsize=11, fontweight="bold", va="center")
        for index, panel in enumerate(PANELS):
            _draw(figure.add_axes((0.07 + 0.325 * index, 0.17, 0.26, 0.53)), panel, known)
    figure.alt, figure.twin = _alt(known, title), table(rows, with_memory=False)
    return figure


def _draw(axes: Axes, panel: _Panel, rows: Sequence[Row]) -> None:
    points = [(row.size, value) for row in rows if (value := panel.value(row)) is not None]
    axes.set_title(panel.title, fontsize=8.5, loc="left")
    axes.set_xlabel("N", fontsize=8, labelpad=1)
    axes.tick_params(labelsize=7.5)
    sizes = [size for size, _ in points]
    heights = [log10(value) if panel.logarithmic else float(value) for _, value in points]
    axes.plot(sizes, heights, color=panel.colour, marker=panel.marker, markersize=4.5, linewidth=1.4, mec=INK)
    axes.set_ylim(0, max(*heights, 1e-3) * 1.22)
    if panel.logarithmic:
        axes.yaxis.set_major_formatter(lambda power, _: f"1e{power:g}" if isfinite(power) else "")
    elif max(heights) > 10:  # noqa: PLR2004 - whole numbers
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.annotate(
        panel.written(points[-1][1]), (sizes[-1], heights[-1]), xytext=(0, 5), textcoords="offset points",
        ha="right", fontsize=8, color=INK,
    )  # fmt: skip


def _alt(rows: Sequence[Row], title: str) -> str:
    first, last = rows[0], rows[-1]
    power = fit_exponent(rows)
    grown = "" if power is None else f" The nodes grow as N to the power {power:.1f}."
    return (
        f"{title or 'What certainty costs'}: from N = {first.size} to {last.size} the states grow from "
        f"{_power(first.states or 0)} to {_power(last.states or 0)}, the nodes from {first.nodes:,} to {last.nodes:,}; "
        f"the largest search took {last.seconds:.2f} seconds.{grown}"
    )
