"""Which waits last: a watchdog counts seconds, and a wait for a task that can go on is over before it has counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.interpreter import wait_of

if TYPE_CHECKING:
    from sevviz.model import Program, State

__all__ = ["waiting_for_ever"]


def waiting_for_ever(program: Program, state: State) -> frozenset[int]:
    """Tasks that wait for each other, or for one that has returned with their lock, directly or through others."""
    return frozenset(task for task in range(1, len(program.tasks) + 1) if _for_ever(program, state, task))


def _for_ever(program: Program, state: State, task: int) -> bool:
    met = set[int]()
    wait = wait_of(program, state, task)
    if wait is None:
        return False
    while wait is not None and task not in met:
        met.add(task)
        task = wait.holder
        wait = wait_of(program, state, task)
    # The way ends in a ring, or at a task that does not wait: it can go on, or has returned.
    return task in met or program.position(state, task - 1).operation is None
