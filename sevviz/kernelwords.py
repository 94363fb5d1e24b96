"""The kernel's own words beside ours: what a recorded kernel printed at an interleaving, and what sevviz said of it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

from sevviz.catalogue import load, program
from sevviz.errors import SevvizError
from sevviz.kernel.case import scenario_named
from sevviz.kernel.compare import predict
from sevviz.kernel.configuration import CONFIGURATIONS
from sevviz.kernel.evidence import outcome_lines
from sevviz.kernel.realtime import reasons
from sevviz.kernel.recording import load_recording
from sevviz.kernel.together import parse_turns
from sevviz.lockclasses import class_name
from sevviz.lockdep import lockdep_reports
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.traces import run as follow
from sevviz.views.text import wait_for_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.kernel.recording import RecordedRun
    from sevviz.lockdep import Report
    from sevviz.model import Program

__all__ = ["KernelWords", "kernel_words"]

PREFERRED = ["debug", "smp", "plain", "rt"]
OUTCOME, OURS = "What became of the tasks", "sevviz says"
REASONS = "This kernel departs from the model, which does not know PREEMPT_RT"


@dataclass(frozen=True, slots=True)
class KernelWords:
    """A recorded run: the kernel's release and configuration, and a tuple of lines for each report that it printed.

    `outcome` is what became of the tasks in the kernel; `ours` is what sevviz says of the same schedule. `reasons` tell
    why the two are not the same: on PREEMPT_RT, which sevviz does not model; everywhere else there are none.
    """

    release: str
    configuration: str
    kernel: tuple[tuple[str, ...], ...]
    outcome: str
    ours: str
    reasons: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """Which kernel, and whether it said anything."""
        said = "printed:" if self.kernel else "printed nothing at all."
        return f"A {self.release} kernel ({self.configuration}), run at this interleaving, {said}"

    def __repr__(self) -> str:
        blocks = ["\n".join(lines) for lines in self.kernel]
        told = [f"{OUTCOME}:\n{self.outcome}", f"{OURS}:\n{self.ours}"]
        if self.reasons:
            bullets = (fill(one, 100, initial_indent="* ", subsequent_indent="  ") for one in self.reasons)
            told.append("\n".join([f"{REASONS}:", *bullets]))
        return "\n\n".join([self.head, *blocks, *told])

    def _repr_html_(self) -> str:
        blocks = "".join(f"<pre>{escape(chr(10).join(lines))}</pre>" for lines in self.kernel)
        outcome, reasons = _list_html(OUTCOME, self.outcome.split("\n")), _list_html(REASONS, self.reasons)
        ours = f"<p><b>{OURS}</b></p><pre>{escape(self.ours)}</pre>"
        return f"<p><b>{escape(self.head)}</b></p>{blocks}{outcome}{ours}{reasons}"


def _list_html(heading: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<p><b>{heading}</b></p><ul>{items}</ul>" if lines else ""


def kernel_words(
    scheme: str, scenario: str = "double", schedule: str = "", *, configuration: str = ""
) -> KernelWords:  # fmt: skip
    """What a kernel was recorded to do and to print at a schedule.

    `scenario` may be "self-killed" too: A→A, where the task may get a fatal signal.
    `configuration` is "debug", "smp", "plain" or "rt"; left out, it is the first of these that was run there.

    Raises SevvizError where nothing is recorded for the schedule; the text says what is.
    """
    recording = load_recording(scheme)
    chosen = program(load(scheme), scenario_named(scenario))
    if chosen.weak:
        message = f"scenario {scenario!r}: weak memory order cannot be forced on a kernel"
        raise SevvizError(message)
    actors = parse_schedule(schedule, len(chosen.tasks))
    wanted = [configuration] if configuration else PREFERRED
    everywhere = recording.runs if recording else ()
    runs = [run for run in everywhere if run.scenario == scenario and run.configuration in wanted]
    here = [run for run in runs if run.schedule == format_schedule(actors)]
    if recording is None or not here:
        known = "; ".join(dict.fromkeys(run.schedule for run in runs)) or "none"
        missing = f"no kernel run of {scheme}/{scenario} at {schedule!r} is recorded; recorded are: {known}"
        raise SevvizError(f"{missing}. What a kernel would print, sevviz.splat() tells for every schedule")
    found = min(here, key=lambda run: wanted.index(run.configuration))
    words = tuple(recording.words[key] for key in found.words)
    outcome, ours = "\n".join(outcome_lines(chosen, found)), _ours(chosen, actors)
    return KernelWords(recording.kernel, found.configuration, words, outcome, ours, _reasons(chosen, found))


def _ours(program: Program, actors: tuple[int, ...]) -> str:
    trace = follow(program, actors)
    reports = [_lockdep_says(program, report) for report in lockdep_reports(trace)]
    faults = [f"task {fault.task}: {fault.kind} at {fault.object}" for step in trace.steps for fault in step.faults]
    silent = ["lockdep, as modelled: silent"]
    return "\n".join([*faults, *(reports or silent), wait_for_text(program, trace.states[-1])])


def _lockdep_says(program: Program, report: Report) -> str:
    does = {"bad-unlock": "gives back", "held-at-return": "returns with"}.get(report.kind, "takes")
    lock = class_name(program, report.lock)
    if report.asked is not None and program.objects[report.asked.object].uninitialised:
        return f"lockdep, as modelled: {report.kind}, when task {report.task} {does} {lock}, which has no class"
    return f"lockdep, as modelled: {report.kind}, when task {report.task} {does} a lock of class {lock}"


def _reasons(program: Program, found: RecordedRun) -> tuple[str, ...]:
    if found.configuration != "rt":
        return ()
    turns = parse_turns(found.turns, len(program.tasks))
    return tuple(reasons(predict(program, turns, CONFIGURATIONS["rt"]), found))
