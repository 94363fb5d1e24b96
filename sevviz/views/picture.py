"""A matplotlib figure with its alternative text and its text twin, shown as one in a notebook."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sevviz.views.style import PAPER, figure_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

__all__ = ["Picture", "new_figure"]


class Picture:
    """A finished drawing. `alt` says in a sentence or two what it shows, `text` has all of it as plain text."""

    def __init__(self, figure: Figure, alt: str, text: str) -> None:
        self.figure, self.alt, self.text = figure, alt, text

    def svg(self) -> str:
        """The drawing as SVG; the same drawing gives the same bytes."""
        written = io.StringIO()
        with figure_style():
            self.figure.savefig(written, format="svg", metadata={"Date": None}, transparent=False)
        return written.getvalue()

    def save(self, path: str | Path) -> None:
        """Write a file; its ending decides the format: .svg, .png, .pdf ..."""
        with figure_style():
            self.figure.savefig(path, dpi=160)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:  # noqa: ANN401 - IPython's own signature
        image = f'<img alt="{escape(self.alt)}" src="data:image/svg+xml;charset=utf-8,{quote(self.svg())}">'
        twin = f"<details><summary>The same as text</summary><pre>{escape(self.text)}</pre></details>"
        return {"text/html": image + twin, "text/plain": self.text}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure (inches) without pyplot, so that nothing global is kept."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure
