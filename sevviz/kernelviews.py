"""Live views of the kernel's side: what a kernel prints along the stepper's schedule, and the classes lockdep sees.

>>> from sevviz.kernelviews import KernelView
>>> from sevviz.stepper import Stepper
>>> KernelView(Stepper("naive_killable", "double", schedule="1 2")).payload["logs"][0]["silences"][0]
'This is a deadlock, and the log stays empty.'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.kernel.evidence import HERE, OWN_WORDS, head_of, recorded_for
from sevviz.liveviews import LinkedView
from sevviz.schedule import parse_schedule
from sevviz.splats import Machine, splat_of
from sevviz.views.lock_classes import draw_lock_classes

if TYPE_CHECKING:
    from sevviz.kernel.recording import RecordedRun, Recording
    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = ["ClassesView", "KernelView"]

KERNELS = {"With lock checks": Machine(), "Without lock checks, as distributions build it": Machine(checks=False)}
RECORDED = {
    "debug": "Recorded, with lock checks",
    "plain": "Recorded, without lock checks",
    "smp": "Recorded, on several CPUs",
    "rt": "Recorded, PREEMPT_RT",
}


class KernelView(LinkedView):
    """The generated log of the stepper's schedule, and what real kernels printed where they were run at it."""

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:
        """One log for each kernel."""
        program = verdict.program
        actors = parse_schedule(schedule, len(program.tasks))
        generated = [{"name": name, **splat_of(program, actors, one).payload()} for name, one in KERNELS.items()]
        logs = [*generated, *_recorded(program, schedule)]
        return {"view": "kernel", "label": "What a kernel prints", "logs": logs, "text": generated[0]["text"]}

    def _followed(self) -> dict[str, Any]:
        return {}  # it tells of one schedule


def _recorded(program: Program, schedule: str) -> list[dict[str, Any]]:
    """What was recorded of this very text at this schedule."""
    recording = recorded_for(program)
    if recording is None:
        return []
    found = [(name, recording.find(program.scenario, schedule, name)) for name in RECORDED]
    return [_as_log(RECORDED[name], recording, run) for name, run in found if run is not None]


def _as_log(name: str, recording: Recording, run: RecordedRun) -> dict[str, Any]:
    words = [recording.words[key] for key in run.words]
    return {
        "name": name,
        "head": head_of(recording.kernel, run, HERE),
        "reports": [{"title": lines[0], "text": "\n".join(lines)} for lines in words],
        "silences": [],
        "conditions": [],
        "legend": "",
        "made_up": OWN_WORDS,
    }


class ClassesView(LinkedView):
    """The lock-order graphs of the stepper's scheme: one for all schedules."""

    _made_for: Verdict | None = None

    def payload_for(self, verdict: Verdict, schedule: str) -> dict[str, Any]:  # noqa: ARG002 - the same for all
        """The picture and its words."""
        if self._made_for is verdict:
            return dict(self.payload)
        drawn = draw_lock_classes(verdict)
        self._made_for = verdict
        return {
            "view": "classes", "label": "Locks and classes", "source": drawn.source, "alt": drawn.alt,
            "sentences": list(drawn.sentences), "text": drawn.text,
        }  # fmt: skip
