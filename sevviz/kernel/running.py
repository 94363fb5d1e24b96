"""`sevviz kernel run`: one schedule in a kernel, step by step, beside what the model says of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sevviz.catalogue import Scenario
from sevviz.errors import SevvizError
from sevviz.kernel.boot import boot, parameters
from sevviz.kernel.case import make_case, scenario_named
from sevviz.kernel.compare import difference, predict, until_fault
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.images import kernel_for
from sevviz.kernel.limits import check_length
from sevviz.kernel.realtime import REASONS, departures
from sevviz.kernel.record import recorded_run
from sevviz.kernel.script import follow
from sevviz.kernel.together import TOGETHER, format_turns, grouped, parse_turns
from sevviz.kernel.turns import takes, turns_of
from sevviz.model import OVERTAKE
from sevviz.results import print_json
from sevviz.traces import replay

if TYPE_CHECKING:
    import argparse

    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration
    from sevviz.model import Program

__all__ = ["AGREED", "DIFFERED", "run_one"]

AGREED, DIFFERED = 0, 1


def run_one(options: argparse.Namespace) -> int:
    """`sevviz kernel run`: 0 where kernel and model agree, or where it is known why they do not, else 1."""
    configuration = CONFIGURATIONS[options.configuration]
    case = make_case(options.scheme, _scenario(options))
    turns, first, why = _turns(case, options.schedule)
    if why:
        print(f"taken as turns{f' from step {first} on' if first > 1 else ''}: {why}", file=sys.stderr)
    turns = _until_fault(configuration, case, turns)
    check_length(configuration, parameters(case, turns))
    run = boot(kernel_for(configuration, [case.scheme]), case, turns)
    what, known = _difference(configuration, case, turns, run)
    if options.json:
        told = {
            "format": 1, "scheme": case.scheme.name, "configuration": configuration.name,
            "turns": format_turns(turns), "transcript": [[turn.word, list(turn.lines)] for turn in run.turns],
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


def _until_fault(configuration: Configuration, case: Case, turns: tuple[int, ...]) -> tuple[int, ...]:
    """The turns of which the model says something; of PREEMPT_RT, whose faults are others, all."""
    if configuration.name == "rt":
        return turns
    prediction = predict(case.program, turns, configuration)
    told = until_fault(turns, prediction)
    if told != turns:
        number, of = (len(list(grouped(some))) for some in (told, turns))
        print(
            f"the kernel is given the turns up to number {number} of {of}: there the model's run ends by a "
            f"fault ({prediction.ends})",
            file=sys.stderr,
        )
    return told


def _turns(case: Case, written: str) -> tuple[tuple[int, ...], int, str]:
    """The turns for a schedule; from the first step on that the model cannot take, as they are written.

    With the number of that step, and why.
    """
    program = case.program
    schedule = parse_turns(written, len(program.tasks))
    if any(actor < -OVERTAKE for actor in schedule):
        message = "kernel run: a store that overtakes an unlock cannot be forced on a kernel; leave out the ~"
        raise SevvizError(message)
    if TOGETHER in schedule:
        return schedule, 1, "a plus joins turns that are given at once"
    trace, problem = replay(program, schedule)
    if not problem:
        return turns_of(program, schedule), 0, ""
    taken, rest = schedule[: len(trace.steps)], schedule[len(trace.steps) :]
    unasked = min(schedule) < 0 and not program.signals
    why = f"{problem}{'; --signals lets every task get a fatal signal' if unasked else ''}"
    return (*_turns_without_waits(program, taken), *rest), len(taken) + 1, why


def _turns_without_waits(program: Program, schedule: tuple[int, ...]) -> tuple[int, ...]:
    """The turns for a schedule after which others follow: those say who runs into a lock at its end."""
    turns = turns_of(program, schedule)
    shorter = (turns[:number] for number in range(len(turns)))
    up = program.cpus is None
    return next((some for some in shorter if takes(program, follow(program, some, up=up).steps, schedule)), turns)
