"""What the commands do: results on standard output, everything else on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from sevviz.errors import ScheduleError, SevvizError
from sevviz.results import print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sevviz.model import Program

__all__ = ["CLEAN", "check", "export", "figure", "list_all", "program_of", "promela", "scale", "splat"]

CLEAN, FOUND, INCONCLUSIVE = 0, 1, 3
STATUS = {"clean": CLEAN, "failed": FOUND, "inconclusive": INCONCLUSIVE}
MOST_EXPLICIT_TASKS = 4  # beyond that, states are too many to be visited one by one
QUIET_SECONDS = 2.0  # a search that lasts longer says how far it is


def program_of(options: argparse.Namespace) -> Program:
    """The scheme in the scenario that a command line names."""
    from sevviz.catalogue import program

    return program(options.scheme, options.scenario, tasks=tuple(options.task), signals=options.signals)


def _coloured() -> bool:
    """Colour only for people: a terminal that has it, and no wish for none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def check(options: argparse.Namespace) -> int:
    """`sevviz check`: search every interleaving, or replay one schedule."""
    chosen = program_of(options)
    if options.schedule is not None:
        return _replay(options, chosen)
    many = len(chosen.tasks) > MOST_EXPLICIT_TASKS and chosen.cpus is None
    if options.engine == "symbolic" or (options.engine == "auto" and many):
        return _check_symbolic(options, chosen)
    from sevviz.explorer import DEFAULT_LIMIT
    from sevviz.verdict import verdict_of

    verdict = verdict_of(chosen, options.limit or DEFAULT_LIMIT, _progress())
    if options.json:
        print_json(verdict.to_json())
    else:
        from sevviz.report import Paint, verdict_text

        print(verdict_text(verdict, Paint(colour=_coloured())))
    return STATUS[verdict.status]


def _check_symbolic(options: argparse.Namespace, chosen: Program) -> int:
    from sevviz.symbolic import Limits, check_symbolic

    limits = Limits(progress=_progress("nodes"))
    if options.limit:
        limits.nodes = options.limit
    verdict = check_symbolic(chosen, limits)
    if options.json:
        print_json(verdict.to_json())
    else:
        from sevviz.report import Paint, symbolic_text

        print(symbolic_text(verdict, Paint(colour=_coloured())))
    return STATUS[verdict.status]


def _progress(what: str = "states") -> Callable[[int], None]:
    """Says how far a search is, on standard error, every QUIET_SECONDS: a short one says nothing."""
    start = said = time.monotonic()

    def report(number: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said > QUIET_SECONDS:
            said = now
            print(f"sevviz: {number:,} {what} after {now - start:.0f} s ...", file=sys.stderr, flush=True)

    return report


def _replay(options: argparse.Namespace, chosen: Program) -> int:
    """Show the steps of a schedule; where it cannot be followed, show its beginning and say why it ends there."""
    from sevviz.report import Paint
    from sevviz.schedule import parse_schedule
    from sevviz.trace_report import trace_json, trace_text
    from sevviz.traces import replay

    trace, problem = replay(chosen, parse_schedule(options.schedule, len(chosen.tasks)))
    found = trace_json(trace)
    if options.json:
        print_json(found)
    else:
        print(trace_text(trace, Paint(colour=_coloured())))
    if problem:
        sys.stdout.flush()
        raise ScheduleError(problem)
    broken = any(step.faults for step in trace.steps)
    return FOUND if broken or found["deadlock"] else CLEAN


def export(options: argparse.Namespace) -> int:
    """`sevviz export`: write pages and print their names."""
    if bool(options.what) == options.all:
        raise SevvizError("export: name one notebook or scheme, or say --all")
    from pathlib import Path

    from sevviz.export import export_notebook, export_scheme, export_site

    output = Path(options.output)
    if options.all:
        written = export_site(output, lambda name: print(f"sevviz: {name} ...", file=sys.stderr, flush=True))
    elif options.what.endswith(".ipynb"):
        export_notebook(Path(options.what), output)
        written = [output]
    else:
        export_scheme(options.what, options.scenario, output, options.compare)
        written = [output]
    for path in written:
        print(path)
    return CLEAN


def figure(options: argparse.Namespace) -> int:
    """`sevviz figure`: draw one view and print what it shows."""
    from pathlib import Path

    from sevviz.catalogue import program
    from sevviz.csource import suggest
    from sevviz.figures import VIEWS, write_figure

    if options.view == "matrix":
        return _matrix(options)
    if options.view not in VIEWS:
        known = (*VIEWS, "matrix")
        raise SevvizError(
            f"figure: no view {options.view!r}{suggest(options.view, known)}; there are {', '.join(known)}"
        )
    if len(options.scheme) != 1 or len(options.scenario) > 1:
        raise SevvizError(f"figure: name one scheme and one scenario for the view {options.view}; a matrix takes more")
    chosen = program(options.scheme[0], *options.scenario)
    print(write_figure(chosen, options.view, options.schedule, Path(options.output)))
    return CLEAN


def _matrix(options: argparse.Namespace) -> int:
    """The view that takes several schemes and scenarios: all of them, if none is named."""
    from pathlib import Path

    from sevviz.figures import write_matrix

    if options.schedule:
        raise SevvizError("figure: a matrix shows whole searches and takes no schedule")
    report = _progress("cells")
    print(write_matrix(options.scheme, options.scenario, Path(options.output), lambda done, _of: report(done)))
    return CLEAN


def list_all(options: argparse.Namespace) -> int:
    """`sevviz list`: the schemes and scenarios."""
    from sevviz.catalogue import load, scenario, scenario_names, scheme_names
    from sevviz.report import table

    schemes = [(name, load(name).header) for name in scheme_names()]
    scenarios = [scenario(name) for name in scenario_names()]
    if options.json:
        found = {
            "format": 1,
            "schemes": [{"name": name, **header} for name, header in schemes],
            "scenarios": [{"name": s.name, "title": s.title, "tasks": list(s.tasks)} for s in scenarios],
        }
        print_json(found)
        return CLEAN
    print("schemes (sevviz check NAME)")
    print("\n".join("  " + line for line in table([(name, header["title"]) for name, header in schemes])))
    print("\nscenarios (--scenario NAME; ringN for any N)")
    print("\n".join("  " + line for line in table([(s.name, s.title) for s in scenarios])))
    return CLEAN


def scale(options: argparse.Namespace) -> int:
    """`sevviz scale`: what certainty costs for 2, 3, 4 ... VMs."""
    from pathlib import Path

    from sevviz.scale import fit_exponent, measure, table

    rows = list(measure(options.scheme, options.scenario, options.to))
    print(table(rows))
    power = fit_exponent(rows)
    if power is not None:
        print(f"nodes grow about as N to the power {power:.1f}")
    if options.plot:
        from sevviz.figures import save_figure
        from sevviz.views.scale_figure import draw_scale

        save_figure(draw_scale(rows, f"{options.scheme}, {options.scenario} of N VMs"), Path(options.plot))
    return INCONCLUSIVE if any(row.status == "inconclusive" for row in rows) else CLEAN


def splat(options: argparse.Namespace) -> int:
    """`sevviz splat`: what a kernel would print; the exit status says whether it would print anything."""
    from sevviz.schedule import parse_schedule
    from sevviz.splats import Machine, splat_of

    chosen = program_of(options)
    shown = splat_of(chosen, parse_schedule(options.schedule, len(chosen.tasks)), Machine(checks=not options.plain))
    if options.json:
        print_json(shown.to_json())
    else:
        print(shown)
    return FOUND if shown.reports else CLEAN


def promela(options: argparse.Namespace) -> int:
    """`sevviz promela`: the program as a Promela model, for SPIN."""
    from pathlib import Path

    from sevviz.promela import promela as model_of

    chosen = program_of(options)
    text = model_of(chosen)
    if options.output is None:
        print(text, end="")
        return CLEAN
    try:
        Path(options.output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SevvizError(f"{options.output}: cannot be written ({error.strerror}); choose another place") from error
    print(options.output)
    return CLEAN
