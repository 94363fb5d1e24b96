"""The command line: results on standard output, everything else on standard error (design.md, contract 3).

Exit status of `check`: 0 certified clean, 1 a deadlock, livelock or fault was found, 2 bad input, 3 inconclusive.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from sevviz.errors import SevvizError
from sevviz.results import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


__all__ = ["main"]

BAD_INPUT, INTERRUPTED = 2, 130
MOST = 10**12  # of a number on the command line
# Commands with options of their own: module, function, and what they do.
DELEGATED = {
    "test": ("selftest", "run_tests", "run every check of a checkout"),
    "kernel": ("kernel.cli", "main", "the same C at the same interleaving in a real Linux kernel"),
    "exercises": ("exercises.commands", "main", "list, mark and lint exercises"),
    "grade": ("grade", "main", "mark the submissions of a whole class"),
}
CHECK_HELP = """\
a schedule is a list of choices, one for each step:
  2    the next step of task 2
  2!   a fatal signal to task 2 (with --signals, or in scenario `signal`)
  2~   a store of task 2 overtakes the unlock before it (in scenario `weak`)

exit status:
  0    certified clean; with --schedule: nothing wrong along it
  1    a deadlock, livelock or fault was found
  2    bad input
  3    inconclusive: the search stopped before it was finished

examples:
  sevviz check flag_then_mutex --scenario ring3
  sevviz check my_scheme.c --task "migrate(B, A)" --task "ioctl(A)" --signals
  sevviz check naive --schedule "1 2"
"""
LIMIT = "stop at N states (symbolic: nodes, looked at every 1,024): inconclusive"
ENGINES = ("auto", "explicit", "symbolic")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. No bad input ends in a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    return status_of(lambda: _run(words))


def _run(words: Sequence[str]) -> int:
    try:
        command = _delegated(words)
        if command is not None:
            return command
        _check_command(words[0])
        options = _parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = getattr(import_module("sevviz.commands"), options.run)
        return run(options)
    except SevvizError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("sevviz: interrupted", file=sys.stderr)
        return INTERRUPTED


def _delegated(words: Sequence[str]) -> int | None:
    """Commands that parse their own options."""
    if not words or words[0] == "lab" or (words[0].startswith("--") and words[0] not in ("--help", "--version")):
        from sevviz.launcher import start_lab

        return start_lab(words[1:] if words[:1] == ["lab"] else words)
    if words[0] in DELEGATED:
        module, function, _ = DELEGATED[words[0]]
        run: Callable[[Sequence[str]], int] = getattr(import_module(f"sevviz.{module}"), function)
        return run(words[1:])
    return None


def _check_command(word: str) -> None:
    """Refuse what is no command, with all that are: argparse would name only those that it parses itself."""
    known = [*ADDING, "lab", *DELEGATED]
    if not word.startswith("-") and word not in known:
        from sevviz.csource import suggest

        raise SevvizError(f"no command {word!r}{suggest(word, known)}; commands are {', '.join(known)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sevviz",
        description="See, step through and check the two-VM locking of KVM SEV intra-host migration.\n"
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
    for add in ADDING.values():
        add(commands)
    return parser


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = commands.add_parser("list", help="list the schemes and scenarios")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run="list_all")


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="search every interleaving of a scheme, or replay one schedule",
        description="Search every interleaving of a scheme in a scenario for deadlocks, livelocks and\n"
        "broken rules, or replay one schedule step by step. `sevviz list` names the schemes\nand scenarios.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=CHECK_HELP,
    )
    _add_program(check)
    check.add_argument("--engine", choices=ENGINES, default="auto", help="auto: explicit up to four tasks")
    check.add_argument("--limit", type=_positive, metavar="N", help=LIMIT)
    check.add_argument("--schedule", metavar="STRING", help='replay this schedule, such as "1 1 2", and show its steps')
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run="check")


def _add_program(parser: argparse.ArgumentParser) -> None:
    """A scheme in a scenario."""
    parser.add_argument("scheme", metavar="SCHEME", help="a name in data/schemes or the path of a .c file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--scenario", default="double", metavar="NAME", help="default: double (A->B beside B->A)")
    which.add_argument("--task", action="append", default=[], metavar="CALL", help='such as "migrate(B, A)"; repeat it')
    parser.add_argument("--signals", action="store_true", help="every task may get a fatal signal")


def _add_splat(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    splat = commands.add_parser(
        "splat", help="what a kernel would print at a schedule, in its own words, and why not more"
    )
    _add_program(splat)
    splat.add_argument(
        "--schedule", default="", metavar="STRING", help='such as "1 2"; who must wait at its end, waits'
    )
    splat.add_argument("--plain", action="store_true", help="a kernel without lock checks, as distributions build it")
    splat.add_argument("--json", action="store_true", help="print one JSON object")
    splat.set_defaults(run="splat")


def _add_scale(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scale = commands.add_parser("scale", help="what certainty costs for more and more VMs (decision diagrams)")
    scale.add_argument("scheme", metavar="SCHEME", help="a name in data/schemes or the path of a .c file")
    scale.add_argument("--scenario", default="ring", metavar="FAMILY", help="ring, chain, star, pairs or clique")
    scale.add_argument("--to", type=_positive, default=8, metavar="N", help="the largest size; default: 8")
    scale.add_argument("--plot", metavar="FILE", help="draw it as well: .svg, .pdf or .png")
    scale.set_defaults(run="scale")


def _add_promela(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    promela = commands.add_parser("promela", help="write a scheme in a scenario as a Promela model, for SPIN")
    _add_program(promela)
    promela.add_argument("-o", "--output", metavar="FILE", help="default: standard output")
    promela.set_defaults(run="promela")


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
    export.set_defaults(run="export")


def _add_figure(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    figure = commands.add_parser("figure", help="draw one view of a scheme into a file, for slides and papers")
    figure.add_argument(
        "scheme", metavar="SCHEME", nargs="*", help="a name in data/schemes or the path of a .c file; for a matrix, any"
    )
    figure.add_argument(
        "--scenario", action="append", default=[], metavar="NAME", help="default: double; for a matrix, repeat it"
    )
    figure.add_argument("--schedule", default="", metavar="STRING", help='such as "1 1 2"')
    figure.add_argument(
        "--view",
        default="timeline",
        metavar="VIEW",
        help="timeline, wait-for, progress, census, map, classes (lockdep's view) or matrix (all schemes in all "
        "scenarios, or those that are named)",
    )
    figure.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help="its ending decides: .svg, .pdf or .png; a matrix: .csv too",
    )
    figure.set_defaults(run="figure")


def _positive(written: str) -> int:
    number = int(written) if written.isdecimal() and written.isascii() else 0
    if number < 1:
        message = f"must be 1 or more, not {written!r}"
        raise argparse.ArgumentTypeError(message)
    if number > MOST:
        message = f"must be at most {MOST:,}, not {written!r}"
        raise argparse.ArgumentTypeError(message)
    return number


# The commands that are parsed here, in the order of the help.
ADDING = {
    "list": _add_list,
    "check": _add_check,
    "splat": _add_splat,
    "figure": _add_figure,
    "export": _add_export,
    "scale": _add_scale,
    "promela": _add_promela,
}
