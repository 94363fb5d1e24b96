"""What to write cases for: the places of each task and the values of each object."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.errors import SevvizError
from sevviz.symbolic.limits import LimitReachedError, Limits
from sevviz.symbolic.reached import reach
from sevviz.symbolic.rules import NO_OBJECT, Local, Rules, local_state
from sevviz.symbolic.saturation import deep_recursion

if TYPE_CHECKING:
    from sevviz.model import Program

__all__ = ["Domain", "closure", "reached_domain"]

# Before the exact search is asked instead: values of an object (more than tasks), and moves of each task.
MOST_VALUES, MOST_MOVES = 80, 500


class Domain(NamedTuple):
    """What to write cases for: the local states of each task, the values of each object, and which of them can meet.

    `met` has the pairs of (local state, value) by (task, object); None where all are to be written.
    """

    locals: list[set[Local]]
    values: list[set[int]]
    met: dict[tuple[int, int], set[tuple[Local, int]]] | None = None

    def values_at(self, task: int, place: Local, number: int) -> list[int]:
        """The values of an object that a task may find at a place, in ascending order; [0] for no object."""
        if number == NO_OBJECT:
            return [0]
        if self.met is None:
            return sorted(self.values[number])
        return sorted(value for local, value in self.met[task, number] if local == place)


def closure(rules: Rules) -> Domain | None:
    """All that tasks and objects could be if every value met every place; None if that does not come to an end."""
    program = rules.program
    locals_ = [{local_state(0, 0)} for _ in program.tasks]
    values = [{shared.initial} for shared in program.objects]
    size, room = 0, MOST_MOVES * len(program.tasks)
    while size != (size := sum(map(len, locals_)) + sum(map(len, values))):
        if max(map(len, values), default=0) > MOST_VALUES:
            return None
        try:
            if not all(_follow(rules, task, places, values, room) for task, places in enumerate(locals_)):
                return None
        except SevvizError:  # a place that no schedule may reach
            return None
    return Domain(locals_, values)


def _follow(rules: Rules, task: int, places: set[Local], values: list[set[int]], room: int) -> bool:
    """Add where a task gets from its places, and what it does to objects; false if that are too many moves."""
    for place in list(places):
        if len(rules.known_rows()) > room:
            return False
        for number in rules.objects(task, place):
            for value in list(values[number]) if number != NO_OBJECT else [0]:
                for row in rules.rows(task, number, place, value):
                    places.add(row.local)
                    if number != NO_OBJECT:
                        values[number].add(row.value)
    return True


def reached_domain(program: Program, limits: Limits | None = None) -> Domain:
    """What tasks and objects are in some reachable state. Raises SevvizError where the search meets its limits."""
    try:
        with deep_recursion(2 * (len(program.tasks) + len(program.objects))):
            reached = reach(program, limits or Limits())
    except LimitReachedError as error:
        message = f"the values that fields may have are too many for a Promela model: {error}; take smaller counters"
        raise SevvizError(message) from error
    levels = (reached.levels[level] for level in reached.order.objects)
    values = [reached.diagrams.values_at(nodes) for nodes in levels]
    tasks, objects = range(len(program.tasks)), range(len(program.objects))
    met = {(task, number): reached.meetings(task, number) for task in tasks for number in objects}
    return Domain([reached.locals_of(task) for task in tasks], values, met)
