"""English about verdicts: labels of outcomes and faults, numbers of schedules, and one line that sums a search up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.counting import all_states, counted
from sevviz.views.names import is_move, listed
from sevviz.views.words import cycle_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.census import Outcome
    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = ["FAULT_WORDS", "outcome_label", "returns_label", "schedules_words", "verdict_line"]

FAULT_WORDS = {
    "sleep-in-atomic": "sleep in atomic context",
    "unlock-not-held": "unlock of a lock not held",
    "held-at-return": "lock held at return",
    "flag-left-set": "flag left set",
    "exclusion": "two tasks inside at once",
    "self-deadlock": "self-deadlock",
}

EXACT_UP_TO = 10**9  # larger numbers are rounded


def _number(count: int) -> str:
    if count < EXACT_UP_TO:
        return f"{count:,}"
    digits = str(count)
    return f"{digits[0]}.{digits[1]}·10^{len(digits) - 1}"


def schedules_words(count: int | None, total: int | None) -> str:
    """How many schedules: "62 of 262 schedules", "every schedule"; "" where they cannot be counted.

    No share of them: schedules are not equally likely, and a share would be read as a probability.
    """
    if count is None or total is None:
        return ""
    if count == total:
        return "every schedule"
    return f"{_number(count)} of {_number(total)} schedules"


def returns_label(returns: tuple[str | None, ...], calls: Sequence[str] = ()) -> str:
    """What all tasks returned: "0/0", "both -EBUSY", "task 1 wins, task 2 -EBUSY, ioctl(A) 0".

    `calls` are those of the tasks. Only a move beside another can win; without `calls`, all are taken for moves.
    """
    shown = [value if value is not None else "nothing" for value in returns]
    if len(shown) == 1:
        return f"returns {shown[0]}"
    if all(value == "0" for value in shown):
        return "/".join(shown)
    if len(set(shown)) == 1:
        return f"{'both' if len(shown) == len('ab') else 'all'} {shown[0]}"
    moves = [task for task in range(1, len(shown) + 1) if not calls or is_move(calls[task - 1])]
    groups: dict[str, list[str]] = {"0": []}
    for task in moves:
        groups.setdefault(shown[task - 1], []).append(str(task))
    winners = groups.pop("0")
    won = ("win" if len(winners) > 1 else "wins") if len(moves) > 1 else "0"
    parts = [f"{_tasks(winners)} {won}"] if winners else []
    parts += [f"{_tasks(tasks)} {value}" for value, tasks in groups.items()]
    others = [task for task in range(1, len(shown) + 1) if task not in moves]
    return ", ".join([*parts, *(f"{_called(calls, task)} {shown[task - 1]}" for task in others)])


def _called(calls: Sequence[str], task: int) -> str:
    """A task that is no move: by its call, with its number if that is not the only one, or by its number alone."""
    call = calls[task - 1]
    if ";" in call:
        return f"task {task}"
    return call if list(calls).count(call) == 1 else f"task {task} {call}"


def _tasks(numbers: list[str]) -> str:
    return f"{'tasks' if len(numbers) > 1 else 'task'} {listed(numbers)}"


def outcome_label(program: Program, outcome: Outcome) -> str:
    """The label of a way in which schedules end."""
    if outcome.fault is not None:
        return FAULT_WORDS.get(outcome.fault.kind, outcome.fault.kind)
    if outcome.deadlock is None:
        return returns_label(outcome.returns, [task.label for task in program.tasks])
    done = [f"task {task} returned {value}" for task, value in enumerate(outcome.returns, 1) if value is not None]
    return ", ".join([f"deadlock: {cycle_words(program, outcome.deadlock)}", *done])


def verdict_line(verdict: Verdict) -> str:
    """What the search found, in one line that claims no more than the search shows."""
    states, total = len(verdict.graph.states), verdict.census.interleavings
    found = []
    if verdict.deadlocks:
        counts = [outcome.interleavings for outcome in verdict.deadlocks]
        count = None if None in counts else sum(c for c in counts if c is not None)
        found.append(_in("deadlock", count, total))
    kinds = {found.fault.kind: found.interleavings for found in verdict.faults if found.fault.kind != "self-deadlock"}
    found += [_in(FAULT_WORDS.get(kind, kind), count, total) for kind, count in kinds.items()]
    if verdict.livelock is not None:
        found.append("livelock: tasks can keep stepping for ever and never return")
    if found:
        told = "; ".join(found)
        reach = "" if verdict.complete else f", in the first {counted(states, 'state')} alone"
        return f"{told[0].upper()}{told[1:]}{reach}."
    if not verdict.complete:
        return f"Inconclusive: nothing wrong in the first {counted(states, 'state')}, where the search stopped."
    runs = "" if total is None else f", all {_number(total)} schedules" if total > 1 else ", the only schedule"
    return f"No deadlock, livelock or fault: {all_states(states)}{runs}."


def _in(what: str, count: int | None, total: int | None) -> str:
    words = schedules_words(count, total)
    return f"{what} in {words}" if words else f"{what} is possible"
