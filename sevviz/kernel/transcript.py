"""What a run is told in: turns, and the reports that the kernel makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sevviz.heldlocks import Held
    from sevviz.lockdep import Lockdep
    from sevviz.model import Operation, Program

__all__ = ["WITHOUT_LOCK_CHECKS", "Finding", "Prediction", "Told", "Turn", "step_text"]


# All that a kernel without lock checks, as distributions build it, reports of those that are predicted.
WITHOUT_LOCK_CHECKS = ("soft-lockup", "hung-task", "scheduling-while-atomic")


class Finding(NamedTuple):
    """One report of the kernel and the task that it names (0 where it names none)."""

    kind: str
    task: int


class Told(NamedTuple):
    """A predicted report at its moment: the preempt count of its task and what lockdep has on the task's list.

    `held` is None where lockdep has turned itself off; the kernel then lists no locks.
    """

    finding: Finding
    preempt_count: int
    held: tuple[Held, ...] | None
    operation: Operation | None = None  # at which the task stands


class Turn(NamedTuple):
    """A turn ("2", "2!", or "" for what happens before the first) and what the tasks did in it."""

    word: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What follows from a list of turns.

    `steps` is the schedule of the model that the turns amount to. `ends` names the fault after which nothing is
    predicted; `spins` tells that a task was given a turn at a spinlock that another has, which one CPU cannot show;
    `late`, that one had no CPU for its turn and got it later, when others may want it too.
    """

    turns: tuple[Turn, ...]
    findings: frozenset[Finding]
    results: tuple[int | None, ...]
    steps: tuple[int, ...]
    told: tuple[Told, ...]  # the findings in their order
    checker: Lockdep  # as the last turn left it
    ends: str = ""
    spins: bool = False
    late: bool = False


def step_text(program: Program, operation: Operation) -> str:
    """A step: where, what and on what, as runner.c prints it."""
    primitive = operation.action if operation.action in ("enter", "leave") else operation.primitive
    name = program.objects[operation.object].name if operation.object >= 0 else "-"
    return f"{operation.span.line}:{operation.span.column} {primitive} {name}"
