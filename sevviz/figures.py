"""Figures as files, for slides and papers: `sevviz figure v4 --schedule "1 1 1" --view timeline -o x.svg`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sevviz.errors import SevvizError
from sevviz.schedule import parse_schedule
from sevviz.traces import run
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sevviz.model import Program
    from sevviz.views.figure import SpokenFigure

__all__ = ["ENDINGS", "VIEWS", "save_figure", "write_figure", "write_matrix"]

# Of one scheme in one scenario; the matrix shows many.
VIEWS = ("timeline", "wait-for", "progress", "census", "map", "classes")
ENDINGS = (".svg", ".pdf", ".png")


def write_figure(program: Program, view: str, schedule: str, output: Path) -> str:
    """Draw one view of a program, with a schedule in it, into a file; returns what the picture shows, in words."""
    _check_ending(output)
    actors = parse_schedule(schedule, len(program.tasks))
    trace = run(program, actors)
    with _written(output):
        if view == "wait-for":
            from sevviz.views.waitfor import draw_wait_for

            picture = draw_wait_for(trace)
            return _write_graph(picture.svg, picture.alt, output)
        if view == "classes":
            from sevviz.views.lock_classes import draw_lock_classes

            graphs = draw_lock_classes(verdict_of(program))
            return _write_graph(graphs.svg, graphs.alt, output)
        return _write_drawing(program, view, schedule, output)


def write_matrix(
    schemes: Sequence[str], scenarios: Sequence[str], output: Path, progress: Callable[[int, int], None] | None = None
) -> str:
    """Write the matrix of schemes and scenarios (all, where none are named) as a figure or, in a .csv file, as lines.

    Returns what it shows, in words. Raises SevvizError for a name that is not known, and as save_figure does.
    """
    from sevviz.views.matrix import matrix
    from sevviz.views.matrix_figure import draw_matrix

    _check_ending(output, (*ENDINGS, ".csv"))
    table = matrix(schemes, scenarios, progress=progress)
    with _written(output):
        if output.suffix == ".csv":
            output.write_text(table.to_csv(), encoding="utf-8")
        else:
            _save(draw_matrix(table), table.alt, output)
    return table.alt


def _write_graph(svg: str, alt: str, output: Path) -> str:
    if not svg:
        raise SevvizError("figure: there is no Graphviz; install the package graphviz-pure or Debian's graphviz")
    if output.suffix == ".svg":
        output.write_text(svg, encoding="utf-8")
        return alt
    from sevviz.views.graph_on_paper import graph_on_paper

    return _save(graph_on_paper(svg, alt), alt, output)


def save_figure(figure: SpokenFigure, output: Path) -> None:
    """Write a figure; raises SevvizError for an ending that is none of ENDINGS or a place that cannot be written."""
    _check_ending(output)
    with _written(output):
        _save(figure, figure.alt, output)


@contextmanager
def _written(output: Path) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except OSError as error:
        raise SevvizError(f"{output}: cannot be written ({error.strerror}); choose another place with -o") from error


def _check_ending(output: Path, endings: tuple[str, ...] = ENDINGS) -> None:
    if output.suffix not in endings:
        raise SevvizError(f"figure: {output.name!r} ends in none of {', '.join(endings)}")


def _write_drawing(program: Program, view: str, schedule: str, output: Path) -> str:
    if view == "timeline":
        from sevviz.views.timeline import draw_timeline

        figure = draw_timeline(run(program, parse_schedule(schedule, len(program.tasks))))
        return _save(figure, figure.alt, output)
    if view == "map":
        return _write_map(program, schedule, output)
    verdict = verdict_of(program)
    if view == "census":
        from sevviz.views.census import draw_census

        census = draw_census(verdict)
        return _save(census, census.alt, output)
    from sevviz.views.progress_figure import draw_progress

    picture = draw_progress(verdict, schedule)
    return _save(picture, picture.alt, output)


def _write_map(program: Program, schedule: str, output: Path) -> str:
    from sevviz.views.statemap import MOST_STATES
    from sevviz.views.statemap_figure import draw_state_map

    verdict = verdict_of(program, MOST_STATES)  # a search for more would only tell how many are too many
    if not verdict.complete:
        words = f"a state map shows up to {MOST_STATES:,} states, and this search has more"
        raise SevvizError(f"{words}: take a scenario with fewer tasks, or another view")
    picture = draw_state_map(verdict, schedule)
    return _save(picture, picture.alt, output)


def _save(figure: object, alt: str, output: Path) -> str:
    """SVG in the form that repeats, the other formats by matplotlib."""
    svg = getattr(figure, "svg")  # noqa: B009 - both kinds of drawing have it
    if output.suffix == ".svg":
        output.write_text(svg(), encoding="utf-8")
    elif hasattr(figure, "save"):
        figure.save(output)
    else:
        getattr(figure, "savefig")(output, dpi=160)  # noqa: B009
    return alt
