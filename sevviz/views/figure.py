"""Figures that can speak: a matplotlib figure with its alternative text and its text twin.

Importing this module loads matplotlib, though never pyplot: figures are values, and no global state keeps them.
"""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sevviz.views.pictures import picture_html
from sevviz.views.style import PAPER, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["SpokenFigure", "sheet"]

PIXELS = 96  # of CSS, in an inch
LETTERS = 7 * PIXELS / 72  # the smallest have 7 points


class SpokenFigure(Figure):
    """A figure that shows itself in a notebook. `alt` says what it shows in a few sentences, `twin` says it all."""

    alt: str = ""
    twin: str = ""

    def svg(self) -> str:
        """The drawing as SVG that repeats: the same figure gives the same bytes."""
        written = io.StringIO()
        with figure_style():
            self.savefig(written, format="svg", metadata={"Date": None})
        _, tag, drawing = written.getvalue().partition("<svg")
        return f'{tag} role="img" aria-label="{escape(self.alt)}"{drawing}'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:  # noqa: ANN401 - IPython's own signature
        """An image with its text twin under it; a wide one scrolls in its own box."""
        image = picture_html(self.svg(), self.alt, self.get_figwidth() * PIXELS, LETTERS)
        twin = f"<details><summary>In words</summary><pre>{escape(self.twin)}</pre></details>"
        return {"text/html": image + twin, "text/plain": self.twin}


def sheet(width: float, height: float) -> tuple[SpokenFigure, Axes]:
    """An empty figure of some inches, and axes over all of it that measure in inches from the upper left corner."""
    figure = SpokenFigure(figsize=(width, height), facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return figure, axes
