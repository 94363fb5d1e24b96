"""The command line: results on standard output, everything else on standard error (design.md, contract 3).

Exit status of `check`: 0 certified clean, 1 a deadlock, livelock or fault was found, 2 bad input, 3 inconclusive.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

from sevviz.errors import ScheduleError, SevvizError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.model import Program

__all__ = ["main"]

CLEAN, FOUND, BAD_INPUT, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130
STATUS = {"clean": CLEAN, "failed": FOUND, "inconclusive": INCONCLUSIVE}
# Commands with options of their own: module, function, and what they do.
DELEGATED = {
    "test": ("selftest", "run_tests", "run every check of a checkout"),
    "kernel": ("kernel.cli", "main", "the same C at the same interleaving in a real Linux kernel"),
    "exercises": ("exercises.commands", "main", "list, mark and lint exercises"),
    "grade": ("grade", "main", "mark the submissions of a whole class"),
}
QUIET_SECONDS = 2.0  # a search that lasts longer says how far it is


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. No bad input ends in a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        command = _delegated(words)
        if command is not None:
            return command
        options = _parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except SevvizError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("sevviz: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`sevviz list | head`): nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN


def _delegated(words: list[str]) -> int | None:
    """Commands that parse their own options."""
    if not words or words[0] == "lab" or (words[0].startswith("--") and words[0] not in ("--help", "--version")):
        from sevviz.launcher import start_lab

        return start_lab(words[1:] if words[:1] == ["lab"] else words)
    if words[0] in DELEGATED:
        module, function, _ = DELEGATED[words[0]]
        run: Callable[[Sequence[str]], int] = getattr(import_module(f"sevviz.{module}"), function)
        return run(words[1:])
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sevviz",
        description="See, step through and check the two-VM locking of KVM SEV intra-host migration. "
        "Without a command: open JupyterLab on the first notebook.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            ["with options of their own (sevviz COMMAND --help):", "  lab          open JupyterLab, with its options"]
            + [f"  {name:12} {what}" for name, (_, _, what) in DELEGATED.items()]
        ),
    )
    from sevviz import __version__

    parser.add_argument("--version", action="version", version=f"sevviz {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(commands)
    _add_export(commands)
    _add_figure(commands)
    listing = commands.add_parser("list", help="list the schemes and scenarios")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run=_list)
    return parser


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser("check", help="search every interleaving of a scheme, or replay one schedule")
    check.add_argument("scheme", metavar="SCHEME", help="a name in data/schemes or the path of a .c file")
    which = check.add_mutually_exclusive_group()
    which.add_argument("--scenario", default="double", metavar="NAME", help="default: double (A->B beside B->A)")
    which.add_argument("--task", action="append", default=[], metavar="CALL", help='such as "migrate(B, A)"; repeat it')
    check.add_argument("--signals", action="store_true", help="every task may get a fatal signal")
    check.add_argument("--limit", type=_positive, metavar="N", help="stop at N states and say inconclusive")
    check.add_argument("--schedule", metavar="STRING", help='replay this schedule, such as "1 1 2", and show its steps')
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=_check)


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", help="write a notebook, a scheme or the whole book as self-contained pages")
    export.add_argument(
        "what", metavar="NOTEBOOK-OR-SCHEME", nargs="?", help="an .ipynb file, a scheme's name or .c file"
    )
    export.add_argument("--scenario", default="double", metavar="NAME", help="for a scheme; default: double")
    export.add_argument("--compare", action="append", default=[], metavar="SCHEME", help="more schemes on the page")
    export.add_argument("--all", action="store_true", help="the whole book: all notebooks, index, search, claims")
    export.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="the file, or with --all the folder, to write"
    )
    export.set_defaults(run=_export)


def _add_figure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    figure = commands.add_parser("figure", help="draw one view of a scheme into a file, for slides and papers")
    figure.add_argument("scheme", metavar="SCHEME", help="a name in data/schemes or the path of a .c file")
    figure.add_argument("--scenario", default="double", metavar="NAME", help="default: double")
    figure.add_argument("--schedule", default="", metavar="STRING", help='such as "1 1 2"')
    figure.add_argument(
        "--view", default="timeline", metavar="VIEW", help="timeline, wait-for, progress, census or map"
    )
    figure.add_argument("-o", "--output", required=True, metavar="FILE", help="its ending decides: .svg, .pdf or .png")
    figure.set_defaults(run=_figure)


def _positive(written: str) -> int:
    number = int(written) if written.isdecimal() and written.isascii() else 0
    if not 0 < number < 10**12:
        message = f"{written!r} is not a number from 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _coloured() -> bool:
    """Colour only for people: a terminal that has it, and no wish for none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _check(options: argparse.Namespace) -> int:
    from sevviz.catalogue import program

    chosen = program(options.scheme, options.scenario, tasks=tuple(options.task), signals=options.signals)
    if options.schedule is not None:
        return _replay(options, chosen)
    from sevviz.explorer import DEFAULT_LIMIT
    from sevviz.verdict import verdict_of

    verdict = verdict_of(chosen, options.limit or DEFAULT_LIMIT, _progress())
    if options.json:
        print(json.dumps(verdict.to_json(), ensure_ascii=False))
    else:
        from sevviz.report import Paint, verdict_text

        print(verdict_text(verdict, Paint(colour=_coloured())))
    return STATUS[verdict.status]


def _progress() -> Callable[[int], None]:
    """Says how many states were found, on standard error, once a search lasts longer than QUIET_SECONDS."""
    start = time.monotonic()

    def report(states: int) -> None:
        seconds = time.monotonic() - start
        if seconds > QUIET_SECONDS:
            print(f"sevviz: {states:,} states after {seconds:.0f} s ...", file=sys.stderr, flush=True)

    return report


def _replay(options: argparse.Namespace, chosen: Program) -> int:
    """Show the steps of a schedule; where it cannot be followed, show its beginning and say why it ends there."""
    from sevviz.report import Paint, trace_json, trace_text
    from sevviz.schedule import parse_schedule
    from sevviz.traces import replay

    trace, problem = replay(chosen, parse_schedule(options.schedule, len(chosen.tasks)))
    found = trace_json(trace)
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(trace_text(trace, Paint(colour=_coloured())))
    if problem:
        sys.stdout.flush()
        raise ScheduleError(problem)
    broken = any(step.faults for step in trace.steps)
    return FOUND if broken or found["deadlock"] else CLEAN


def _export(options: argparse.Namespace) -> int:
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


def _figure(options: argparse.Namespace) -> int:
    from pathlib import Path

    from sevviz.catalogue import program
    from sevviz.csource import suggest
    from sevviz.figures import VIEWS, write_figure

    if options.view not in VIEWS:
        raise SevvizError(
            f"figure: no view {options.view!r}{suggest(options.view, VIEWS)}; there are {', '.join(VIEWS)}"
        )
    chosen = program(options.scheme, options.scenario)
    print(write_figure(chosen, options.view, options.schedule, Path(options.output)))
    return CLEAN


def _list(options: argparse.Namespace) -> int:
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
        print(json.dumps(found, ensure_ascii=False))
        return CLEAN
    print("schemes (sevviz check NAME)")
    print("\n".join("  " + line for line in table([(name, header["title"]) for name, header in schemes])))
    print("\nscenarios (--scenario NAME; ringN for any N)")
    print("\n".join("  " + line for line in table([(s.name, s.title) for s in scenarios])))
    return CLEAN
