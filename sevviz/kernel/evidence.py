"""What real kernels did with a program, for those who show it beside the model: no kernel is needed to read this.

>>> from sevviz.catalogue import program
>>> found = evidence(program("naive", "double"))
>>> found["runs"][0]["schedule"], found["runs"][0]["outcome"][0]
('1 2', 'task 1 sleeps (D), waiting for A.lock, which task 2 holds')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevviz.analysis import show_result
from sevviz.kernel.recording import digest, load_recording

if TYPE_CHECKING:
    from sevviz.kernel.recording import RecordedRun, Recording
    from sevviz.model import Program

__all__ = ["HERE", "OWN_WORDS", "evidence", "head_of", "outcome_lines", "recorded_for"]

OWN_WORDS = (
    "The kernel's own words, without call traces, rulers and addresses. The tasks were kernel threads on a small "
    "struct kvm, not KVM itself."
)
HERE = "this interleaving"
# Configurations in the order in which they are shown, and what they are called after "A Linux ... kernel".
KERNELS = {
    "debug": "with lock checks",
    "plain": "without lock checks and without PREEMPT_COUNT",
    "smp": "with lock checks, on several CPUs",
    "rt": "with PREEMPT_RT, which sevviz does not model",
}
# How a recorded wait is told; on one CPU a spinlock that is taken is not even begun.
_WAITS = {
    "D": "sleeps (D), waiting for", "K": "sleeps (D, killable), waiting for", "S": "sleeps (S), waiting for",
    "R": "spins for", "-": "would spin, had it a CPU of its own, for",
}  # fmt: skip


def recorded_for(program: Program) -> Recording | None:
    """The recording of this very text, with the runs of the program's scenario only; None where there are none."""
    recording = load_recording(program.name)
    if recording is None or recording.sha256 != digest([program.sources[0].text]):
        return None
    runs = [run for run in recording.runs if run.scenario == program.scenario]
    runs.sort(key=lambda run: list(KERNELS).index(run.configuration))
    return recording.only(runs) if runs else None


def evidence(program: Program) -> dict[str, Any] | None:
    """All recorded runs of a program as data: what each schedule came to, and the kernel's words, each text once."""
    recording = recorded_for(program)
    if recording is None:
        return None
    said = list(dict.fromkeys(key for run in recording.runs for key in run.words))
    return {
        "note": OWN_WORDS,
        "runs": [
            {
                "schedule": run.schedule,
                "head": head_of(recording.kernel, run),
                "outcome": outcome_lines(run),
                "words": [said.index(key) for key in run.words],
            }
            for run in recording.runs
        ],
        "words": ["\n".join(recording.words[key]) for key in said],
    }


def head_of(release: str, run: RecordedRun, where: str = "{where}") -> str:
    """Which kernel ran where, and whether it said anything; a page fills in `where` by itself."""
    said = "printed:" if run.words else "printed nothing at all."
    return f"A Linux {release} kernel ({KERNELS[run.configuration]}), run at {where}, {said}"


def outcome_lines(run: RecordedRun) -> list[str]:
    """What became of each task."""
    told = {task: f"returned {show_result(value)}" for task, value in enumerate(run.returns, 1) if value is not None}
    for task, lock, holder, letter in run.waits:
        told[int(str(task))] = f"{_WAITS[str(letter)]} {lock}, which {f'task {holder}' if holder else 'nobody'} holds"
    tasks = range(1, len(run.returns) + 1)
    return [f"task {task} {told.get(task, 'stands before its next step')}" for task in tasks]
