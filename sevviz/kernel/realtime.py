"""PREEMPT_RT, which the model has no rules for: the runs to record there, and how such a kernel departs from the model.

A departure is not an error of the one or the other: spinlock_t is another kind of lock there, and so is struct mutex.
Every difference between the model and a recorded run must have its reason here.

Source: Documentation/locking/locktypes.rst; kernel/locking/rtmutex.c (rt_mutex_handle_deadlock and
rtlock_slowlock_locked); kernel/rcu/tree_plugin.h (rcu_note_context_switch); kernel/hung_task.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.kernel.configuration import KernelError

if TYPE_CHECKING:
    from sevviz.kernel.recording import RecordedRun
    from sevviz.kernel.transcript import Prediction

__all__ = ["REASONS", "RUNS", "ChosenRun", "departures", "reasons"]


class ChosenRun(NamedTuple):
    """A run to record. `turns` are given where the kernel is to go on where the model cannot."""

    scenario: str
    schedule: str
    turns: str = ""


# V4 with its spinners on all CPUs: turns up to where SMP locks up, then on to the end, task after task.
_TO_THE_END = " ".join(["4 1 1 1 1 2 3 4", *["1"] * 12, *["2"] * 15, *["3"] * 15])

RUNS: dict[str, tuple[ChosenRun, ...]] = {
    "naive": (
        ChosenRun("double", "1 2"), ChosenRun("double", "1 1 1 1 1 1 2 2 2 2 2 2"), ChosenRun("self", "1"),
    ),
    "naive_killable": (
        ChosenRun("double", "1 2"), ChosenRun("signal", "1 2 1! 1 1 2", "1 2 1 2 1! 1"),
        ChosenRun("signal", "1 2 1! 1 1 2 2!", "1 2 1 2 1! 1 2!"),
    ),
    "v4": (ChosenRun("double", "1 1 1 1"), ChosenRun("cpus", "4 1 1 1", _TO_THE_END)),
    "migration_lock_both": (ChosenRun("double", "1 1 2 2"),),
    "flag_then_mutex": (ChosenRun("double", "1 1 2 1 1 2 2 1 2 2"), ChosenRun("double", "1 1 1 1 1 1 1 2 1 1 1")),
}  # fmt: skip

CYCLE = (
    "a waiter for a mutex follows the chain of owners, for priority inheritance, and with its lock checks on "
    "(CONFIG_DEBUG_RT_MUTEXES) to the end of the chain: so it finds the cycle that it closes, and says so at once, "
    "annotated as nested or not"
)
CLOSER = (
    "who closes the cycle never comes back: it is kept in state S, which neither a free mutex nor SIGKILL ends, and "
    "which the hung-task detector passes over"
)
SLEEPERS = (
    "spinlock_t is a lock that sleeps: a waiter gives its CPU away, so no CPU is stuck and the holder gets on; nobody "
    "looks for a cycle of such waiters, nor reports them"
)
READER = (
    "a spinlock leaves the preempt count alone and opens an RCU read-side critical section: not to be left by a sleep, "
    "and the kernel says so in other words"
)
REASONS = {
    "the kernel alone reports rtmutex-deadlock": CYCLE,
    "the model alone reports hung-task, of a task asleep as S": CLOSER,
    "asleep as S, in the model as D": CLOSER,
    "asleep as S, in the model as K": CLOSER,
    "asleep as S, in the model awake": CLOSER,
    "asleep as D, in the model as R": SLEEPERS,
    "the model alone reports soft-lockup": SLEEPERS,
    "the model alone reports hung-task, of a task that returned": SLEEPERS,
    "returns, in the model it does not": SLEEPERS,
    "the kernel alone reports switch-in-rcu-section": READER,
    "the model alone reports scheduling-while-atomic": READER,
}


def departures(predicted: Prediction, run: RecordedRun) -> list[str]:
    """In what a run is not as the model says, in the words of REASONS where it has them."""
    asleep = {int(str(task)): (lock, str(letter)) for task, lock, _, letter in run.waits}
    found = set(_of_reports(predicted, run, asleep))
    waits = [line.split() for line in predicted.turns[-1].lines if line.startswith("wait ")]
    waiting = {int(words[1]): (words[4], words[5]) for words in waits}
    for task, (ours, theirs) in enumerate(zip(predicted.results, run.returns, strict=True), 1):
        if ours != theirs:
            found.add("returns, in the model it does not" if ours is None else f"returns {theirs}, in the model {ours}")
        elif asleep.get(task) != waiting.get(task) and theirs is None:
            found.add(_of_waits(waiting.get(task), asleep.get(task)))
    return sorted(found)


def _of_reports(predicted: Prediction, run: RecordedRun, asleep: dict[int, tuple[object, str]]) -> list[str]:
    seen = {(str(kind), int(str(task))) for kind, task in run.reports}
    found = [f"the kernel alone reports {kind}" for kind, _ in seen - predicted.findings]
    for kind, task in predicted.findings - seen:
        about = f"asleep as {asleep[task][1]}" if task in asleep else "that returned"
        found.append(f"the model alone reports {kind}" + (f", of a task {about}" if kind == "hung-task" else ""))
    return found


def _of_waits(ours: tuple[object, str] | None, theirs: tuple[object, str] | None) -> str:
    if theirs is None or (ours is not None and ours[0] != theirs[0]):
        return f"waits for {theirs and theirs[0]}, in the model for {ours and ours[0]}"
    return f"asleep as {theirs[1]}, in the model {f'as {ours[1]}' if ours else 'awake'}"


def reasons(predicted: Prediction, run: RecordedRun) -> list[str]:
    """Why a run on PREEMPT_RT is not as the model says; raises KernelError for a difference without a known reason."""
    found = departures(predicted, run)
    unknown = [departure for departure in found if departure not in REASONS]
    if unknown:
        message = f"{run.scenario} at {run.turns!r}: no reason is known for: {'; '.join(unknown)}"
        raise KernelError(message)
    return sorted({REASONS[departure] for departure in found}, key=list(REASONS.values()).index)
