"""Weak memory order on the release side: which store may become visible before an unlock that stands in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevviz.model import Operation, Program, State

__all__ = ["overtaker_of"]

MAY_OVERTAKE = ("plain", "once", "relaxed")


def overtaker_of(program: Program, state: State, task: int) -> tuple[Operation, int] | None:
    """The store that may become visible before the unlock that a task is about to do, and the position after it.

    "Memory operations that occur after a RELEASE operation may appear to happen before it completes", and a RELEASE may
    not pass what comes before it (Documentation/memory-barriers.txt, "ACQUIRE operations ... RELEASE operations"). So
    plain, ONCE and relaxed stores may overtake unlocks of other objects, also several; unlocks stay in order.
    """
    automaton, pending = program.tasks[task - 1].automaton, list[int]()
    position = state.positions[task - 1]
    objects: list[int] = []
    while (operation := automaton.positions[position].operation) is not None and operation.action == "unlock":
        pending.append(position)
        objects.append(operation.object)
        position = automaton.after(position, 0)
    stores = operation is not None and operation.action == "store" and operation.order in MAY_OVERTAKE
    if operation is None or not pending or not stores or operation.object in objects:
        return None
    return operation, automaton.defer(tuple(pending), automaton.after(position, 0))
