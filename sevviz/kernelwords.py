"""The kernel's own words beside ours: what a recorded kernel printed at an interleaving, and what sevviz said of it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sevviz.catalogue import load, program
from sevviz.errors import SevvizError
from sevviz.kernel.recording import load_recording
from sevviz.lockdep import lockdep_reports
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.traces import run
from sevviz.views.text import wait_for_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KernelWords", "kernel_words"]


class KernelWords:
    """A recorded run. `kernel` is what the kernel printed, `ours` what sevviz says of the same schedule."""

    def __init__(self, release: str, configuration: str, kernel: Sequence[Sequence[str]], ours: str) -> None:
        self.release, self.configuration, self.ours = release, configuration, ours
        self.kernel = tuple(tuple(lines) for lines in kernel)

    @property
    def head(self) -> str:
        """Which kernel, and whether it said anything."""
        said = "printed:" if self.kernel else "printed nothing at all."
        return f"A {self.release} kernel ({self.configuration}), run at this interleaving, {said}"

    def __repr__(self) -> str:
        blocks = "\n\n".join("\n".join(lines) for lines in self.kernel)
        return f"{self.head}\n\n{blocks}\n\nsevviz says:\n{self.ours}"

    def _repr_html_(self) -> str:
        blocks = "".join(f"<pre>{escape(chr(10).join(lines))}</pre>" for lines in self.kernel)
        return f"<p><b>{escape(self.head)}</b></p>{blocks}<p><b>sevviz says</b></p><pre>{escape(self.ours)}</pre>"


def kernel_words(
    scheme: str, scenario: str = "double", schedule: str = "", *, configuration: str = "debug"
) -> KernelWords:
    """What a kernel was recorded to print at a schedule; raises SevvizError where nothing is recorded for it."""
    recording = load_recording(scheme)
    chosen = program(load(scheme), scenario)
    actors = parse_schedule(schedule, len(chosen.tasks))
    found = recording.find(scenario, format_schedule(actors), configuration) if recording else None
    if recording is None or found is None:
        runs = recording.runs if recording else ()
        here = [one.schedule for one in runs if (one.scenario, one.configuration) == (scenario, configuration)]
        known = "; ".join(here) or "none"
        raise SevvizError(f"no kernel run of {scheme}/{scenario} at {schedule!r} is recorded; recorded are: {known}")
    trace = run(chosen, actors)
    reports = [_ours(report.kind, report.task, str(report.lock)) for report in lockdep_reports(trace)]
    faults = [f"task {fault.task}: {fault.kind} at {fault.object}" for step in trace.steps for fault in step.faults]
    ours = [*faults, *(reports or ["lockdep, as modelled: silent"]), wait_for_text(chosen, trace.states[-1])]
    words = [recording.words[key] for key in found.words]
    return KernelWords(recording.kernel, configuration, words, "\n".join(ours))


def _ours(kind: str, task: int, lock: str) -> str:
    return f"lockdep, as modelled: {kind}, when task {task} takes a lock of class {lock}"
