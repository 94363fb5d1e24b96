"""`sevviz kernel`: build the kernel, run one schedule in it, compare the model with it, record what it did.

Exit status: 0 kernel and model agree, 1 they differ, 2 bad input, 3 something of the machine's is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from sevviz.errors import SevvizError
from sevviz.kernel.basis import basis
from sevviz.kernel.case import make_case
from sevviz.kernel.compare import PLAN, SMP_PLAN, Plan, compare, planned
from sevviz.kernel.comparison import Comparison, remarks, row
from sevviz.kernel.configuration import CONFIGURATIONS, MissingPackagesError
from sevviz.kernel.images import kernel_for, load_apart, load_shipped
from sevviz.kernel.record import record
from sevviz.kernel.recording import keep_table, scheme_hash
from sevviz.kernel.running import AGREED, DIFFERED, run_one
from sevviz.report import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration

__all__ = ["main"]

BAD_INPUT, MISSING, INTERRUPTED = 2, 3, 130
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
    parser.add_argument("--schedule", required=True, metavar="STRING", help='such as "1 2", or turns; 1!+2!: at once')
    parser.add_argument("--console", action="store_true", help="print all that the kernel said")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_one)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scheme", nargs="*", metavar="SCHEME", help="names or .c files")
    parser.add_argument("--all", action="store_true", help="every shipped scheme (smp: with a spinlock)")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="default: all; repeat it")
    parser.add_argument("--keep", action="store_true", help="write the table to data/kernel (in a checkout)")
    parser.add_argument(
        "--most", type=_count, metavar="N", help="schedules of each (default: 5,000 of double, else 60; smp: 8, else 3)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the samples (default: 1)")
    cpus = len(os.sched_getaffinity(0))
    parser.add_argument(
        "--workers", type=_count, default=cpus, metavar="N", help="kernels at a time (default: one a CPU)"
    )
    parser.set_defaults(run=_compare)


def _count(written: str) -> int:
    number = int(written) if written.isdecimal() and written.isascii() else 0
    if number < 1:
        message = f"must be 1 or more, not {written!r}"
        raise argparse.ArgumentTypeError(message)
    return number


def _build(options: argparse.Namespace) -> int:
    print(kernel_for(CONFIGURATIONS[options.configuration], []).image)
    return AGREED


def _compare(options: argparse.Namespace) -> int:
    if bool(options.scheme) == options.all:
        message = "compare: name schemes, or say --all"
        raise SevvizError(message)
    configuration = CONFIGURATIONS[options.configuration]
    if configuration.name == "rt":
        message = "compare: the model has no rules for PREEMPT_RT; `sevviz kernel run` says how a run departs from it"
        raise SevvizError(message)
    cases = _cases(options, configuration)
    schemes = {case.scheme.name: case.scheme for case in cases}
    kernel = kernel_for(configuration, list(schemes.values()))
    start, found = time.monotonic(), list[Comparison]()
    for number, case in enumerate(cases, 1):
        most = planned(configuration, case.scenario.name) if options.most is None else options.most
        say = partial(_progress, f"{number} of {len(cases)}: {case.scheme.name} {case.scenario.name}")
        found.append(compare(kernel, case, Plan(most, options.seed, options.workers), progress=say))
        for remark in remarks(found[-1]):
            print(remark, file=sys.stderr)
    _erase()
    spinning = "spinning" if configuration.smp else "spinning, not shown on one CPU"
    rows = [(*HEADINGS, spinning), *map(row, found)]
    print("\n".join(table(rows, right=(2, 3, 4, 5))))
    differed = sum(len(one.differences) for one in found)
    print(f"{sum(one.run for one in found):,} schedules in {time.monotonic() - start:.0f} s, {differed} differed")
    if options.keep:
        bases = {name: (scheme_hash(scheme), basis(scheme, configuration)) for name, scheme in schemes.items()}
        path, dropped = keep_table(configuration, bases, rows)
        print(*filter(None, (path, dropped)), sep="\n", file=sys.stderr)
    if not any(one.run for one in found):
        return BAD_INPUT
    return DIFFERED if differed else AGREED


def _cases(options: argparse.Namespace, configuration: Configuration) -> list[Case]:
    schemes = (load_shipped if options.keep else load_apart)("compare", options.scheme)
    names = dict.fromkeys(options.scenario) or list(SMP_PLAN if configuration.smp else PLAN)
    cases = [make_case(scheme, name) for scheme in schemes for name in names]
    # On several CPUs, schemes without a spinlock do as on one.
    return [case for case in cases if case.program.spinlocks] if options.all and configuration.smp else cases


def _progress(what: str, found: Comparison) -> None:
    """A line that is written over; where nobody looks, only when a case is done."""
    told = f"{what}: {found.run:,} of {found.chosen:,}"
    if sys.stderr.isatty():
        print(f"\r{told:<70}", end="", file=sys.stderr, flush=True)
    elif found.done:
        print(told, file=sys.stderr, flush=True)


def _erase() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<70}\r", end="", file=sys.stderr, flush=True)


def _record(options: argparse.Namespace) -> int:
    configuration = CONFIGURATIONS[options.configuration]
    schemes = load_shipped("record", options.scheme)
    for path, dropped in record(kernel_for(configuration, schemes), schemes):
        print(path, flush=True)
        if dropped:
            print(dropped, file=sys.stderr)
    return AGREED
