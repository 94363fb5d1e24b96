"""The matrix of schemes and scenarios as a matplotlib figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.views.figure import SpokenFigure
from sevviz.views.matrix import KINDS, NOTE
from sevviz.views.style import INK, PAPER, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sevviz.views.matrix import Matrix

__all__ = ["draw_matrix"]

CELL = (0.42, 0.3)  # inches
CHARACTER, LINE = 0.078, 0.21  # inches: of a name, and of a line in the legend
HATCHES = {"deadlock": "///", "fault": "...", "livelock": "\\\\\\", "inconclusive": "---"}


def draw_matrix(matrix: Matrix) -> SpokenFigure:
    """The matrix with a colour, a hatch and a letter for each verdict."""
    with figure_style():
        figure = _figure(matrix)
    figure.alt, figure.twin = matrix.alt, matrix.text
    return figure


def _figure(matrix: Matrix) -> SpokenFigure:
    used = [name for name in KINDS if any(cell.kind == name for cell in matrix.cells)]
    side, top = CHARACTER * max(map(len, matrix.schemes)) + 0.2, CHARACTER * max(map(len, matrix.scenarios)) + 0.3
    wide, high = CELL[0] * len(matrix.scenarios), CELL[1] * len(matrix.schemes)
    legend = LINE * (len(used) + 1) + 0.25
    width, height = max(side + wide + 0.15, 6.2), top + high + legend
    figure = SpokenFigure(figsize=(width, height), facecolor=PAPER)
    axes = figure.add_axes((side / width, legend / height, wide / width, high / height))
    axes.set_xlim(0, len(matrix.scenarios))
    axes.set_ylim(len(matrix.schemes), 0)
    _draw_cells(axes, matrix)
    axes.xaxis.tick_top()
    axes.set_xticks([x + 0.5 for x in range(len(matrix.scenarios))], matrix.scenarios, rotation=90)
    axes.set_yticks([y + 0.5 for y in range(len(matrix.schemes))], matrix.schemes)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    _legend(figure, used)
    return figure


def _draw_cells(axes: Axes, matrix: Matrix) -> None:
    from matplotlib.patches import Rectangle

    for y, scheme in enumerate(matrix.schemes):
        for x, cell in enumerate(matrix.row(scheme)):
            kind = KINDS[cell.kind]
            axes.add_patch(
                Rectangle(
                    (x + 0.04, y + 0.05), 0.92, 0.9,
                    facecolor=kind.fill, edgecolor=INK, linewidth=0.5, hatch=HATCHES.get(cell.kind, ""),
                )
            )  # fmt: skip
            patch = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
            box = patch if cell.kind in HATCHES else None
            axes.text(x + 0.5, y + 0.52, kind.letter, ha="center", va="center", fontweight="bold", bbox=box)


def _legend(figure: Figure, used: list[str]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(facecolor=KINDS[n].fill, edgecolor=INK, hatch=HATCHES.get(n, ""), linewidth=0.5) for n in used]
    names = [f"{KINDS[name].letter}  {KINDS[name].words}" for name in used]
    figure.legend(
        handles,
        names,
        loc="lower left",
        frameon=False,
        bbox_to_anchor=(0.005, LINE / figure.get_figheight()),
        handlelength=2.2,
    )
    figure.text(0.1 / figure.get_figwidth(), 0.6 * LINE / figure.get_figheight(), NOTE, fontsize=8, va="center")
