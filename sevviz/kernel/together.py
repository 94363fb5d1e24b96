"""Turns as they are written: "1 2 1!+2!+1", where a plus joins those that are given at once, before anybody moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.errors import ScheduleError
from sevviz.schedule import format_actor, parse_schedule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["TOGETHER", "format_group", "format_turns", "grouped", "joined", "parse_turns"]

TOGETHER = 0  # between two turns that are given at once


def parse_turns(written: str, tasks: int) -> tuple[int, ...]:
    """Task numbers from 1, negative for SIGKILL, with TOGETHER between those that a plus joins.

    `tasks` is the number of tasks. Raises ScheduleError for anything else.
    """
    first, *others = [parse_schedule(part, tasks) for part in written.split("+")]
    if others and not all((first, *others)):
        message = f"turns: nothing stands on one side of a plus in {written!r}; write what is given at once as 1!+2!+1"
        raise ScheduleError(message)
    return (*first, *(one for part in others for one in (TOGETHER, *part)))


def format_turns(turns: Iterable[int]) -> str:
    """The text that `parse_turns` reads."""
    return " ".join(map(format_group, grouped(turns)))


def format_group(group: tuple[int, ...]) -> str:
    """A turn, or those that are given at once: "1!+2!+1"."""
    return "+".join(map(format_actor, group))


def grouped(turns: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """The turns, one by one or as many as are given at once."""
    group, open_ = list[int](), True
    for actor in turns:
        if actor == TOGETHER:
            open_ = True
        elif open_:
            group.append(actor)
            open_ = False
        else:
            yield tuple(group)
            group = [actor]
    if group:
        yield tuple(group)


def joined(groups: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """The turns of which `grouped` makes these groups."""
    turns = list[int]()
    for first, *others in groups:
        turns.append(first)
        for actor in others:
            turns += (TOGETHER, actor)
    return tuple(turns)
