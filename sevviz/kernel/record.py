"""`sevviz kernel record`: runs chosen schedules and writes what the kernel did to data/kernel.

Words that differ from boot to boot (addresses, stack traces) are left out, so a second recording on one CPU is the
same, byte for byte.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sevviz.kernel.boot import boot
from sevviz.kernel.build import source_version
from sevviz.kernel.case import make_case
from sevviz.kernel.compare import PLAN, difference, predict, until_fault
from sevviz.kernel.configuration import KernelError
from sevviz.kernel.realtime import RUNS, ChosenRun, reasons
from sevviz.kernel.recording import RecordedRun, Recording, digest, keep_runs, scheme_hash, trace_digest
from sevviz.kernel.schedules import choose
from sevviz.kernel.together import format_turns, parse_turns
from sevviz.kernel.turns import is_followed, turns_of
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.verdict import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevviz.csource import Scheme
    from sevviz.kernel.boot import Run
    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Configuration, Kernel
    from sevviz.kernel.recording import Kept

__all__ = ["CHOSEN", "excerpt", "record", "recorded_run"]

Turns = tuple[int, ...]

RECORDED = {
    "debug": (*PLAN, "cpus"),
    "plain": ("double", "self", "ioctl"),
    "smp": ("double", "self", "cpus"),
}
# What else is recorded with all checks, because it is easy to get wrong by reasoning alone: a mutex is tried before
# the signal is looked at, a killed waiter for its own mutex is handed it, and lockdep compares with the order of a
# vCPU that ran before the move, of which the move wants nothing.
CHOSEN: dict[str, tuple[ChosenRun, ...]] = {
    "naive_killable": (
        ChosenRun("signal", "1 2 1! 2! 1 1 2 2 2 2 2 3 3", "1 2 1 2 1!+2!+1+1 2 2 2 2 3 3"),
        ChosenRun("self-killed", "1 1! 1 1 1 1 1"),
    ),
    "vcpu_before_vm": (ChosenRun("running", "3 3 3 3 1 1 1 1 1 1 1 1 1 1 1 1 2 2 2 2"),),
}  # fmt: skip
MOST_OF_DOUBLE = 20  # schedules of "double" beside the shortest ones; all of them where there are so few


def record(kernel: Kernel, schemes: Sequence[Scheme]) -> Iterator[Kept]:
    """Run chosen schedules of each scheme and write its recording, one by one.

    Raises:
        KernelError: a run is not as the model says. Only what agrees, or has been explained, is worth keeping.
    """
    for scheme in schemes:
        yield keep_runs(_record(kernel, scheme), kernel.configuration.name)


def _record(kernel: Kernel, scheme: Scheme) -> Recording:
    words: dict[str, tuple[str, ...]] = {}
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda one: _run(kernel, words, *one), _chosen(scheme, kernel.configuration)))
    return Recording(scheme.name, scheme_hash(scheme), source_version(), tuple(runs), words)


def _chosen(scheme: Scheme, configuration: Configuration) -> Iterator[tuple[Case, Turns, Turns]]:
    """The cases to record, each with a schedule and its turns."""
    for one in {"rt": RUNS, "debug": CHOSEN}.get(configuration.name, {}).get(scheme.name, ()):
        case = make_case(scheme, one.scenario)
        tasks = len(case.program.tasks)
        schedule, turns = parse_schedule(one.schedule, tasks), parse_turns(one.turns, tasks)
        yield case, schedule, turns or turns_of(case.program, schedule)
    for name in RECORDED.get(configuration.name, ()):
        case = make_case(scheme, name)
        # A number of CPUs matters to who spins, and one CPU cannot show it.
        if case.program.cpus is None or bool(case.program.spinlocks) == configuration.smp:
            for schedule in _schedules(case, configuration):
                yield case, schedule, turns_of(case.program, schedule)


def _schedules(case: Case, configuration: Configuration) -> list[tuple[int, ...]]:
    """A shortest schedule to each outcome and each fault, a livelock's twice round; with all checks more of double.

    Several CPUs are for what one CPU cannot show: who is stuck for ever, and beside it one run to the end.
    """
    verdict = verdict_of(case.program)
    found = [outcome.schedule for outcome in verdict.outcomes] + [fault.schedule for fault in verdict.faults]
    found += [(*lasso.stem, *lasso.loop, *lasso.loop) for lasso in [verdict.livelock] if lasso]
    if configuration.smp:
        ended = [outcome.schedule for outcome in verdict.outcomes if outcome.kind == "returned"]
        found = [*(deadlock.schedule for deadlock in verdict.deadlocks), *ended[:1]]
        found = [schedule for schedule in found if is_followed(case.program, schedule)]
    elif configuration.name == "debug" and case.scenario.name == "double":
        found += choose(case.program, MOST_OF_DOUBLE).schedules
    return list(dict.fromkeys(found)) or list(choose(case.program, 1).schedules)  # nothing ends: a walk


def _run(
    kernel: Kernel, words: dict[str, tuple[str, ...]], case: Case, schedule: Turns, turns: Turns
) -> RecordedRun:  # fmt: skip
    if kernel.configuration.name != "rt":
        turns = until_fault(turns, predict(case.program, turns, kernel.configuration))
    run = boot(kernel, case, turns)
    recorded = recorded_run(kernel.configuration, case, schedule, turns, run)
    words.update({digest(report): report for report in excerpt(run.console)})
    _check(kernel, case, turns, run, recorded)
    return recorded


def recorded_run(
    configuration: Configuration, case: Case, schedule: Turns, turns: Turns, run: Run
) -> RecordedRun:  # fmt: skip
    """What is kept of a run."""
    return RecordedRun(
        configuration.name, case.scenario.name, format_schedule(schedule), format_turns(turns),
        _returns(run, len(case.program.tasks)), _waits(run), [list(finding) for finding in sorted(run.findings)],
        trace_digest(run.turns), [digest(report) for report in excerpt(run.console)],
    )  # fmt: skip


def _check(kernel: Kernel, case: Case, turns: Turns, run: Run, recorded: RecordedRun) -> None:
    predicted = predict(case.program, turns, kernel.configuration)
    if kernel.configuration.name == "rt" and not run.ended:
        reasons(predicted, recorded)
        return
    what = difference(predicted, run, kernel.configuration)
    if what:
        message = f"{case.scheme.name}/{case.scenario.name} at {format_turns(turns)!r}: {what}"
        raise KernelError(message)


def _returns(run: Run, tasks: int) -> list[int | None]:
    lines = [line.split() for turn in run.turns for line in turn.lines]
    returned = {int(words[1]): int(words[2]) for words in lines if words[0] == "return"}
    return [returned.get(task) for task in range(1, tasks + 1)]


def _waits(run: Run) -> list[list[object]]:
    """Who is stuck at the end; see RecordedRun."""
    last = [line.split() for line in run.turns[-1].lines]
    asleep = [[int(w[1]), w[4], int(w[6]), w[5]] for w in last if w[0] == "wait"]
    lines = [line.split() for turn in run.turns for line in turn.lines]
    return asleep + [[int(w[1]), w[4], int(w[5]), "-"] for w in lines if w[0] == "spin"]


# What is left out of the kernel's words: the runner's own, stack traces, registers, rulers, repeated advice.
_NOISE = re.compile(
    r"^(?:sevviz: |Callback from|CPU: \d|Stack:| [0-9a-f]{8}|Call Trace:| \[<|\[<| +\??[ ]*[\w.]+\+0x|\s*$"
    r"| *</?[A-Z]+>|irq event stamp|(?:hard|soft)irqs last|reboot: |Code: |R[A-Z0-9]{2}: |[FCD]S: |CR2: |Hardware name"
    r"|Preemption dis|Tainted: |Kernel Offset|Modules linked|-{10,}|={5,}$|---\[|stack backtrace:"
    r"|INFO: lockdep is turned off|Workqueue|task:|Sending NMI|NMI|\"echo 0 >)"
)
_BEGINS = re.compile(r"WARNING: |\[ BUG: |BUG: |INFO: (?:task|trying)|watchdog: |DEBUG_LOCKS|rcu: |rtmutex |Voluntary ")
_WARNED = re.compile(r"rtmutex |Voluntary |DEBUG_LOCKS")


def _begins(line: str, before: str) -> bool:
    """Whether a report begins. On x86, "WARNING: CPU" follows the words of a WARN(); elsewhere it is before them."""
    two = (line, before) if line.startswith("WARNING: CPU") else (before, line)
    of_one = two[0].startswith("WARNING: CPU") and _WARNED.match(two[1])
    return bool(_BEGINS.match(line)) and not of_one


def excerpt(console: str) -> list[tuple[str, ...]]:
    """The kernel's own words, a tuple of lines for each report, trimmed: no stack traces, no addresses."""
    reports: list[tuple[str, ...]] = []
    for line in console.replace("\r", "").split("\n"):
        bare = re.sub(r"\b(0x)?[0-9a-f]{16}\b", "(address)", re.sub(r"^\[ *\d+\.\d+\] ", "", line.rstrip()))
        if _NOISE.match(bare):
            continue
        if not reports or _begins(bare, reports[-1][-1]):
            reports.append(())
        reports[-1] = (*reports[-1], bare)
    # The watchdogs repeat themselves with other numbers of seconds.
    firsts = {re.sub(r"\d+ seconds|stuck for \d+s|CPU#\d+", "", report[0]): report for report in reversed(reports)}
    return [report for report in reports if report in firsts.values()]
