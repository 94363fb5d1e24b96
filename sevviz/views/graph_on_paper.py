"""A graph that Graphviz has drawn, as a matplotlib figure: for the formats that it is asked for in slides and papers.

Only what Graphviz writes is read: ellipses, polygons, paths of Bézier curves, and texts, in points and under one shift.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, fromstring

from matplotlib.patches import Ellipse, PathPatch, Polygon
from matplotlib.path import Path as Curve

from sevviz.views.figure import SpokenFigure, sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

__all__ = ["graph_on_paper"]

SVG = "{http://www.w3.org/2000/svg}"
INCH = 72.0  # points
INK = "#000000"
ANCHORS = {"start": "left", "middle": "center", "end": "right"}

Point = tuple[float, float]


def graph_on_paper(svg: str, alt: str) -> SpokenFigure:
    """The figure, as large as the drawing."""
    root = fromstring(svg)  # noqa: S314 - our own Graphviz wrote it
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    figure, axes = sheet(width / INCH, height / INCH)
    figure.alt = figure.twin = alt
    graph = root.find(f"{SVG}g")
    shift = re.search(r"translate\(([-\d.]+)[ ,]([-\d.]+)\)", "" if graph is None else graph.get("transform", ""))
    origin = (float(shift[1]), float(shift[2])) if shift else (0.0, 0.0)
    for element in root.iter():
        draw = _DRAW.get(element.tag.removeprefix(SVG))
        if draw is not None:
            draw(axes, element, origin)
    return figure


def _points(written: str, origin: Point) -> list[Point]:
    """Pairs of numbers, from points in the drawing to inches on the sheet."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", written)]
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return [((x + origin[0]) / INCH, (y + origin[1]) / INCH) for x, y in pairs]


def _pen(element: Element) -> dict[str, Any]:
    """How an element is filled and outlined."""
    dashes = [float(length) for length in re.findall(r"[\d.]+", element.get("stroke-dasharray", ""))]
    return {
        "facecolor": _colour(element.get("fill", INK)),
        "edgecolor": _colour(element.get("stroke", "none")),
        "linewidth": float(element.get("stroke-width", "1")),
        "linestyle": (0, dashes) if dashes else "solid",
    }


def _colour(written: str) -> str:
    return "none" if written == "transparent" else written


def _ellipse(axes: Axes, element: Element, origin: Point) -> None:
    (centre,) = _points(f"{element.attrib['cx']} {element.attrib['cy']}", origin)
    width, height = 2 * float(element.attrib["rx"]) / INCH, 2 * float(element.attrib["ry"]) / INCH
    axes.add_patch(Ellipse(centre, width, height, **_pen(element)))


def _polygon(axes: Axes, element: Element, origin: Point) -> None:
    axes.add_patch(Polygon(_points(element.attrib["points"], origin), **_pen(element)))


def _path(axes: Axes, element: Element, origin: Point) -> None:
    points = _points(element.attrib["d"], origin)
    codes = [Curve.MOVETO, *([Curve.CURVE4] * (len(points) - 1))]
    axes.add_patch(PathPatch(Curve(points, codes), **{**_pen(element), "facecolor": "none"}))


def _text(axes: Axes, element: Element, origin: Point) -> None:
    ((x, y),) = _points(f"{element.attrib['x']} {element.attrib['y']}", origin)
    axes.text(
        x, y, "".join(element.itertext()), color=element.get("fill", INK), va="baseline",
        ha=ANCHORS[element.get("text-anchor", "start")], fontsize=float(element.get("font-size", "14")) * 0.9,
    )  # fmt: skip


_DRAW: dict[str, Callable[[Axes, Element, Point], None]] = {
    "ellipse": _ellipse,
    "polygon": _polygon,
    "path": _path,
    "text": _text,
}
