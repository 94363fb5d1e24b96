"""The matrix in a notebook: a table to press, and the stepper that the pressed cell opens.

>>> from sevviz.matrixboard import matrix
>>> board = matrix(["naive", "flag_then_mutex"], ["double", "same"])
>>> board.cell("naive", "double").kind
'deadlock'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.embedding import embedded
from sevviz.kernelviews import KernelView
from sevviz.liveviews import LiveView
from sevviz.stepper import Stepper
from sevviz.views.matrix import MOST_STATES
from sevviz.views.matrix import matrix as search
from sevviz.views.matrix_figure import draw_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.views.figure import SpokenFigure
    from sevviz.views.matrix import Matrix, MatrixCell

__all__ = ["MatrixBoard", "matrix"]


class MatrixBoard:
    """A matrix to be shown in a notebook. `table` has all that was found.

    `stepper` is the one that the cell pressed last has opened, `kernel` the view of what real kernels printed there.
    """

    def __init__(self, table: Matrix) -> None:
        import ipywidgets

        self.table = table
        self.view = LiveView(payload=table.payload())
        self.stepper: Stepper | None = None
        self.kernel: KernelView | None = None
        self.box: Any = ipywidgets.VBox([self.view])
        self.view.observe(self._chosen, "chosen")

    def cell(self, scheme: str, scenario: str) -> MatrixCell:
        """One cell; raises KeyError for names that the matrix does not have."""
        return self.table.cell(scheme, scenario)

    def to_csv(self) -> str:
        """A line for each cell, with a heading."""
        return self.table.to_csv()

    def figure(self) -> SpokenFigure:
        """The matrix as a figure: `.savefig("matrix.pdf")`, or `.svg()`."""
        return draw_matrix(self.table)

    def open(self, scheme: str, scenario: str) -> Stepper:
        """Put a stepper with the schedule of a cell under the table, and below it what a kernel prints there."""
        cell = self.cell(scheme, scenario)
        self.stepper = Stepper(scheme, scenario, schedule=cell.schedule)
        if self.kernel is not None:
            self.kernel.close()
        self.kernel = KernelView(self.stepper)
        self.box.children = (self.view, self.stepper, self.kernel)
        return self.stepper

    def _chosen(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self.open(change["new"]["scheme"], change["new"]["scenario"])

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, Any]:
        """The widgets, and where no script runs the table as HTML and as text."""
        bundle = self.box._repr_mimebundle_(**kwargs)
        data: dict[str, Any] = dict((bundle[0] if isinstance(bundle, tuple) else bundle) or {})
        data |= {"text/plain": self.table.text, "text/html": self.table.as_html()}
        return data | embedded("explain", self.table.payload(), {}, self.table.as_html)


def matrix(
    schemes: Sequence[str] = (), scenarios: Sequence[str] = (), *, limit: int = MOST_STATES,
    progress: Callable[[int, int], None] | None = None,
) -> MatrixBoard:  # fmt: skip
    """Search every scheme in every scenario; without names, all that come with sevviz.

    `limit` is a number of states for each search: a cell that would need more says "inconclusive". `progress` is called
    with the cells done and their number. Raises SevvizError for a name that is not known.
    """
    return MatrixBoard(search(schemes, scenarios, limit=limit, progress=progress))
