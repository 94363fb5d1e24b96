"""Schedule strings: "1 1 2 2! 1~".

A number is a step of that task (from 1), with a bang a fatal signal to it, with a tilde its next store overtaking the
unlock before it (only where the scenario says `memory = "weak"`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevviz.errors import ScheduleError
from sevviz.model import OVERTAKE

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["format_actor", "format_schedule", "parse_schedule", "task_of"]

SINGLE_DIGITS = 9  # up to so many tasks, "1122" is read as "1 1 2 2"


def parse_schedule(written: str, tasks: int) -> tuple[int, ...]:
    """The actors of a schedule: a task's number from 1, negative for a fatal signal to it or a store that overtakes.

    `tasks` is the number of tasks. Raises ScheduleError for anything else than numbers, bangs, blanks and commas.
    """
    digit = r"\d[!~]?" if tasks <= SINGLE_DIGITS else r"\d{1,6}[!~]?"
    actors = []
    for number, token in enumerate(re.findall(rf"{digit}|[^\s,]", written), 1):
        if not token[0].isdigit() or not token[0].isascii():
            message = (
                f"schedule, step {number}: {token!r} is not a task; write task numbers 1 to {tasks}, {tasks}! is a"
            )
            raise ScheduleError(f"{message} fatal signal to task {tasks}")
        task = int(token.rstrip("!~"))
        if not 1 <= task <= tasks:
            message = f"schedule, step {number}: there is no task {task}; tasks are 1 to {tasks}"
            raise ScheduleError(message)
        actors.append({"!": -task, "~": -(OVERTAKE + task)}.get(token[-1], task))
    return tuple(actors)


def format_schedule(actors: Iterable[int]) -> str:
    """The string that `parse_schedule` reads."""
    return " ".join(format_actor(actor) for actor in actors)


def format_actor(actor: int) -> str:
    """One choice: "2", "2!" or "2~"."""
    if actor > 0:
        return str(actor)
    return f"{-actor - OVERTAKE}~" if actor < -OVERTAKE else f"{-actor}!"


def task_of(actor: int) -> int:
    """The number of the task that an actor is about."""
    return -actor - OVERTAKE if actor < -OVERTAKE else abs(actor)
