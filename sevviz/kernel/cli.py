"""`sevviz kernel`: build the kernel, run one schedule in it, compare the model with it, record what it did.

Exit status: 0 kernel and model agree, 1 they differ, 2 bad input, 3 something of the machine's is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sevviz import catalogue
from sevviz.catalogue import Scenario
from sevviz.errors import SevvizError
from sevviz.kernel.basis import basis
from sevviz.kernel.boot import boot
from sevviz.kernel.build import build
from sevviz.kernel.case import make_case, scenario_named
from sevviz.kernel.compare import (
    PLAN,
    SMP_PLAN,
    Comparison,
    Plan,
    compare,
    difference,
    first_difference,
    planned,
    predict,
    row,
)  # fmt: skip
from sevviz.kernel.configuration import CONFIGURATIONS, MissingPackagesError
from sevviz.kernel.realtime import REASONS, departures
from sevviz.kernel.record import record, recorded_run
from sevviz.kernel.recording import keep_table, scheme_hash
from sevviz.kernel.turns import turns_of
from sevviz.model import OVERTAKE
from sevviz.report import table
from sevviz.results import print_json
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.traces import replay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.csource import Scheme
    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration, Kernel

__all__ = ["main"]

AGREED, DIFFERED, BAD_INPUT, MISSING, INTERRUPTED = 0, 1, 2, 3, 130
HEADINGS = ("scheme", "scenario", "schedules run", "agreed", "differed")


def main(argv: Sequence[str]) -> int:
    """Run `sevviz kernel ...` and return its exit status."""
    try:
        options = _parser().parse_args(list(argv))
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except MissingPackagesError as error:
        print(error, file=sys.stderr)
        return MISSING
    except SevvizError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        _erase()
        print("sevviz: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sevviz kernel", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    building = commands.add_parser("build", help="build the kernel with every shipped scheme in it; prints its path")
    building.set_defaults(run=_build)
    running = commands.add_parser("run", help="run one schedule and say what the kernel did")
    _add_run(running)
    comparing = commands.add_parser("compare", help="run many schedules and compare each with the model")
    _add_compare(comparing)
    recording = commands.add_parser("record", help="write data/kernel anew from runs (in a checkout)")
    recording.add_argument("scheme", nargs="*", metavar="SCHEME", help="default: all (rt: of a few)")
    recording.set_defaults(run=_record)
    for command in (building, running, comparing, recording):
        command.add_argument("--configuration", choices=CONFIGURATIONS, default="debug", help="default: debug")
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scheme", metavar="SCHEME", help="a name in data/schemes or the path of a .c file")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--scenario", default="double", metavar="NAME", help="default: double")
    which.add_argument("--task", action="append", default=[], metavar="CALL", help='such as "migrate(B, A)"; repeat it')
    parser.add_argument("--signals", action="store_true", help="every task may get a fatal signal")
    parser.add_argument("--schedule", required=True, metavar="STRING", help='such as "1 2", or turns')
    parser.add_argument("--console", action="store_true", help="print all that the kernel said")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scheme", nargs="*", metavar="SCHEME", help="names or .c files")
    parser.add_argument("--all", action="store_true", help="every shipped scheme (smp: with a spinlock)")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="default: all; repeat it")
    parser.add_argument("--keep", action="store_true", help="write the table to data/kernel (in a checkout)")
    parser.add_argument(
        "--most", type=int, metavar="N", help="schedules of each (default: 5,000 of double, else 60; smp: 8, else 3)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the samples (default: 1)")
    cpus = len(os.sched_getaffinity(0))
    parser.add_argument("--workers", type=int, default=cpus, metavar="N", help="kernels at a time (default: one a CPU)")
    parser.set_defaults(run=_compare)


def _kernel(configuration: Configuration, schemes: Sequence[Scheme]) -> Kernel:
    """The kernel that all shipped schemes share, or one for schemes of the reader's own."""
    shipped = [catalogue.load(name) for name in catalogue.scheme_names()]
    same = {scheme.name: scheme.text.text for scheme in shipped}
    if all(same.get(scheme.name) == scheme.text.text for scheme in schemes):
        return build(configuration, shipped)
    return build(configuration, schemes)


def _build(options: argparse.Namespace) -> int:
    print(_kernel(CONFIGURATIONS[options.configuration], []).image)
    return AGREED


def _run(options: argparse.Namespace) -> int:
    configuration = CONFIGURATIONS[options.configuration]
    case = make_case(options.scheme, _scenario(options))
    turns, why = _turns(case, options.schedule)
    if why:
        print(f"taken as turns: {why}", file=sys.stderr)
    run = boot(_kernel(configuration, [case.scheme]), case, turns)
    what, known = _difference(configuration, case, turns, run)
    if options.json:
        told = {
            "format": 1, "scheme": case.scheme.name, "configuration": configuration.name,
            "turns": format_schedule(turns), "transcript": [[turn.word, list(turn.lines)] for turn in run.turns],
            "reports": [list(finding) for finding in sorted(run.findings)], "difference": what or None,
            "taken_as_turns": why or None,
        }  # fmt: skip
        print_json(told)
    elif options.console:
        print(run.console)
    else:
        for turn in run.turns:
            print(f"{turn.word or '-':>4}  {'; '.join(turn.lines) or '-'}")
        print("reports:", ", ".join(f"{kind} (task{task})" for kind, task in sorted(run.findings)) or "none")
    explained = " (known of PREEMPT_RT, which the model does not know)" if known else ""
    print(f"kernel and model differ{explained}: {what}" if what else "kernel and model agree", file=sys.stderr)
    return DIFFERED if what and not known else AGREED


def _difference(configuration: Configuration, case: Case, turns: tuple[int, ...], run: Run) -> tuple[str, bool]:
    """In what a run is not as predicted, and whether there is a known reason for all of it."""
    predicted = predict(case.program, turns, configuration)
    if configuration.name != "rt" or run.ended:
        return difference(predicted, run, configuration), False
    found = departures(predicted, recorded_run(configuration, case, turns, turns, run))
    return "; ".join(found), bool(found) and set(found) <= set(REASONS)


def _scenario(options: argparse.Namespace) -> Scenario:
    """The scenario that a command line means; with signals added, it is none of those that have a name."""
    tasks = tuple(options.task)
    chosen = Scenario("", " ‖ ".join(tasks), tasks) if tasks else scenario_named(options.scenario)
    if options.signals and not chosen.settings.signals:
        return replace(chosen, name="", settings=replace(chosen.settings, signals=True, scenario=""))
    return chosen


def _turns(case: Case, written: str) -> tuple[tuple[int, ...], str]:
    """The turns for a schedule; what the model cannot follow goes to the kernel as it is written, with the reason."""
    schedule = parse_schedule(written, len(case.program.tasks))
    if any(actor < -OVERTAKE for actor in schedule):
        message = "kernel run: a store that overtakes an unlock cannot be forced on a kernel; leave out the ~"
        raise SevvizError(message)
    _, problem = replay(case.program, schedule)
    if not problem:
        return turns_of(case.program, schedule), ""
    unasked = min(schedule) < 0 and not case.program.signals
    return schedule, f"{problem}{'; --signals lets every task get a fatal signal' if unasked else ''}"


def _compare(options: argparse.Namespace) -> int:
    if bool(options.scheme) == options.all:
        message = "compare: name schemes, or say --all"
        raise SevvizError(message)
    configuration = CONFIGURATIONS[options.configuration]
    if configuration.name == "rt":
        message = "compare: the model has no rules for PREEMPT_RT; `sevviz kernel run` says how a run departs from it"
        raise SevvizError(message)
    cases = _cases(options, configuration)
    kernel = _kernel(configuration, [case.scheme for case in cases])
    start, found = time.monotonic(), list[Comparison]()
    for number, case in enumerate(cases, 1):
        most = options.most or planned(configuration, case.scenario.name)
        say = partial(_progress, f"{number} of {len(cases)}: {case.scheme.name} {case.scenario.name}")
        found.append(compare(kernel, case, Plan(most, options.seed, options.workers), progress=say))
        if found[-1].differences:
            print(first_difference(found[-1]), file=sys.stderr)
    _erase()
    spinning = "spinning" if configuration.smp else "spinning, not shown on one CPU"
    rows = [(*HEADINGS, spinning), *map(row, found)]
    print("\n".join(table(rows, right=(2, 3, 4, 5))))
    differed = sum(len(one.differences) for one in found)
    print(f"{sum(one.run for one in found):,} schedules in {time.monotonic() - start:.0f} s, {differed} differed")
    if options.keep:
        schemes = {case.scheme.name: case.scheme for case in cases}.items()
        bases = {name: (scheme_hash(scheme), basis(scheme, configuration)) for name, scheme in schemes}
        path, dropped = keep_table(configuration, bases, rows)
        print(*filter(None, (path, dropped)), sep="\n", file=sys.stderr)
    return DIFFERED if differed else AGREED


def _cases(options: argparse.Namespace, configuration: Configuration) -> list[Case]:
    schemes = [catalogue.load(name) for name in options.scheme or catalogue.scheme_names()]
    names = options.scenario or list(SMP_PLAN if configuration.smp else PLAN)
    cases = [make_case(scheme, name) for scheme in schemes for name in names]
    # On several CPUs, schemes without a spinlock do as on one.
    return [case for case in cases if case.program.spinlocks] if options.all and configuration.smp else cases


def _progress(what: str, found: Comparison) -> None:
    """A line that is written over; where nobody looks, only when a case is done."""
    told = f"{what}: {found.run:,} of {found.chosen:,}"
    if sys.stderr.isatty():
        print(f"\r{told:<70}", end="", file=sys.stderr, flush=True)
    elif found.run == found.chosen:
        print(told, file=sys.stderr, flush=True)


def _erase() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<70}\r", end="", file=sys.stderr, flush=True)


def _record(options: argparse.Namespace) -> int:
    configuration = CONFIGURATIONS[options.configuration]
    schemes = [catalogue.load(name) for name in options.scheme or catalogue.scheme_names()]
    for path, dropped in record(_kernel(configuration, schemes), schemes):
        print(path, flush=True)
        if dropped:
            print(dropped, file=sys.stderr)
    return AGREED
