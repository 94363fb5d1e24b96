"""The locks that single tasks may hold, by their own moves alone: more than some state shows, never less.

A lock's value is its holder and only the holder's moves change that. So no other task need be looked at, and questions
to the diagram can be left out where the answer is no already here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.symbolic.rules import local_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.model import Program
    from sevviz.symbolic.rules import Local, Row, Rules

__all__ = ["Holding", "holdings"]

Holding = dict["Local", set[frozenset[int]]]  # by local state: the sets of locks that the task may hold there


def holdings(rules: Rules) -> tuple[Holding, ...]:
    """What each task may hold in each of its local states, by the moves that are known."""
    moves: dict[tuple[int, Local], list[tuple[int, int, Row]]] = {}
    for (task, number, local, value), rows in rules.known_rows().items():
        moves.setdefault((task, local), []).extend((number, value, row) for row in rows)
    return tuple(_of_task(rules.program, task, moves) for task in range(len(rules.program.tasks)))


def _of_task(program: Program, task: int, moves: dict[tuple[int, Local], list[tuple[int, int, Row]]]) -> Holding:
    start = frozenset(lock for lock in program.locks if program.objects[lock].initial == task + 1)
    todo = [(local_state(0, 0), start)]
    found: Holding = {local_state(0, 0): {start}}
    for local, held in todo:
        for target, after in _following(program, task, held, moves.get((task, local), ())):
            known = found.setdefault(target, set())
            if after not in known:
                known.add(after)
                todo.append((target, after))
    return found


def _following(
    program: Program, task: int, held: frozenset[int], moves: Iterable[tuple[int, int, Row]]
) -> Iterable[tuple[Local, frozenset[int]]]:
    """Where the moves of a local state lead a task that holds these locks, and what it holds then."""
    for number, value, row in moves:
        if number < 0 or not program.objects[number].is_lock:
            yield row.local, held
        elif (value == task + 1) == (number in held):
            yield row.local, held | {number} if row.value == task + 1 else held - {number}
