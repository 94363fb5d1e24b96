"""The reachable states of a program as one diagram, and how to ask for parts of it and for schedules to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.interpreter import initial_state, step
from sevviz.model import State
from sevviz.symbolic.diagrams import EMPTY, MASK, Diagrams
from sevviz.symbolic.holding import holdings
from sevviz.symbolic.nearest import Nearest
from sevviz.symbolic.order import order_variables
from sevviz.symbolic.rules import Local, Row, Rules, local_state, mark_of, position_of
from sevviz.symbolic.saturation import Guards, Saturation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from sevviz.model import Program
    from sevviz.symbolic.limits import Limits
    from sevviz.symbolic.order import Order

__all__ = ["Part", "Reached", "reach"]

Part = int  # a set of states: an edge of the diagram table, with the distance of each state


class Reached:
    """The states that no fault has ended, with distances. Tasks and objects count from 0 here."""

    def __init__(self, saturation: Saturation, states: Part) -> None:
        self.rules = saturation.rules
        self.program = self.rules.program
        self.diagrams = saturation.diagrams
        self.order = saturation.order
        self.guards = saturation.guards
        self.states = states
        self.levels = self.diagrams.levels(states)
        self._meetings = saturation.meetings
        self.holdings = holdings(self.rules)
        self._nearest = Nearest(self.diagrams, states)
        self._sources: dict[tuple[int, Local], list[tuple[int, Local, int, Row]]] = {}

    # What is reachable.

    def locals_of(self, task: int) -> set[Local]:
        """The local states in which a task is in some state."""
        return self.diagrams.values_at(self.levels[self.order.tasks[task]])

    def meetings(self, task: int, number: int) -> set[tuple[Local, int]]:
        """The pairs of a local state of a task, whose moves depend on the object, and a value of that in some state."""
        return {pair for pair in self._meetings.get((task, number), ()) if number in self.rules.objects(task, pair[0])}

    def encounters(self, task: int, local: Local, other: int, places: AbstractSet[Local]) -> set[Local]:
        """At which of some places another task is, in some state, while a task is in a local state."""
        mine, theirs = self.order.tasks[task], self.order.tasks[other]
        if mine < theirs:
            return self.diagrams.meets(self.levels, (mine, local), (theirs, places))
        return {place for place in places if self.diagrams.meets(self.levels, (theirs, place), (mine, {local}))}

    def where(
        self,
        tasks: Mapping[int, AbstractSet[Local]] | None = None,
        objects: Mapping[int, AbstractSet[int]] | None = None,
        part: Part | None = None,
    ) -> Part:
        """The states (of a part) in which the tasks and objects named have one of the values given."""
        return self.diagrams.restrict(self.states if part is None else part, self._by_level(tasks or {}, objects or {}))

    def closest(self, tasks: Mapping[int, AbstractSet[Local]], objects: Mapping[int, AbstractSet[int]]) -> Part:
        """A nearest state in which the tasks and objects named have one of the values given, or no state."""
        found = self._nearest.find(self._by_level(tasks, objects))
        return self.diagrams.state(found[1]) + found[0] if found else EMPTY

    def _by_level(
        self, tasks: Mapping[int, AbstractSet[Local]], objects: Mapping[int, AbstractSet[int]]
    ) -> dict[int, AbstractSet[int]]:
        allowed = {self.order.tasks[task]: values for task, values in tasks.items()}
        return allowed | {self.order.objects[number]: values for number, values in objects.items()}

    def split(
        self,
        part: Part,
        tasks: Mapping[int, Callable[[Local], object]] | None = None,
        objects: Mapping[int, Callable[[int], object]] | None = None,
    ) -> Iterator[tuple[tuple[object, ...], Part]]:
        """A part in smaller ones, by what the functions say of the values of tasks, then of objects."""
        classify = {self.order.tasks[task]: kind for task, kind in (tasks or {}).items()}
        classify |= {self.order.objects[number]: kind for number, kind in (objects or {}).items()}
        return self.diagrams.split(part, classify)

    def union(self, parts: Collection[Part]) -> Part:
        """The states of all parts."""
        together = 0
        for part in parts:
            together = self.diagrams.union(together, part)
        return together

    # Single states and schedules.

    def nearest(self, part: Part) -> State:
        """A state of a part with a shortest schedule."""
        return self.state(self.diagrams.nearest(part))

    def state(self, values: tuple[int, ...]) -> State:
        """The state with these values, level by level."""
        chosen = [values[level] for level in self.order.tasks]
        return State(
            tuple(position_of(local) for local in chosen),
            tuple(values[level] for level in self.order.objects),
            tuple(mark_of(local) for local in chosen),
        )

    def values(self, state: State) -> tuple[int, ...]:
        """The values of a state, level by level."""
        chosen = [local_state(p, m) for p, m in zip(state.positions, state.marks, strict=True)]
        return tuple(chosen[n] if is_task else state.values[n] for is_task, n in self.order.variables)

    def length(self, part: Part) -> int:
        """The length of a shortest schedule to a part."""
        return part & MASK

    def schedule_to(self, state: State, last_from: Part | None = None) -> tuple[int, ...]:
        """A shortest schedule to a state; with `last_from`, of those whose last step comes from such a state."""
        actors: list[int] = []
        length = self.diagrams.distance(self.states, self.values(state))
        if last_from is not None:
            sources = self._before(state, last_from)
            length, actor, state = min(sources, key=lambda source: source[0])
            actors.append(actor)
        while length:
            length, actor, state = next(s for s in self._before(state, self.states) if s[0] == length - 1)
            actors.append(actor)
        return tuple(reversed(actors))

    def final_state(self, schedule: tuple[int, ...]) -> State:
        """Where a schedule leads."""
        state = initial_state(self.program)
        for actor in schedule:
            state = step(self.program, state, actor).state
        return state

    def _before(self, state: State, part: Part) -> Iterator[tuple[int, int, State]]:
        """The states of a part from which one step leads to `state`: (distance, actor, state)."""
        for source, actor in self._candidates(state):
            distance = self.diagrams.distance(part, self.values(source))
            # The rules of single tasks do not know who excludes whom, so the interpreter has the last word.
            if distance is not None and step(self.program, source, actor).state == state:
                yield distance, actor, source

    def _candidates(self, state: State) -> Iterator[tuple[State, int]]:
        if not self._sources:
            for (task, number, local, value), rows in self.rules.known_rows().items():
                for row in rows:
                    self._sources.setdefault((task, row.local), []).append((number, local, value, row))
        for task in range(len(self.program.tasks)):
            here = local_state(state.positions[task], state.marks[task])
            for number, local, value, row in self._sources.get((task, here), ()):
                if number < 0 or state.values[number] == row.value:
                    values = list(state.values)
                    if number >= 0:
                        values[number] = value
                    yield (
                        State(
                            (*state.positions[:task], position_of(local), *state.positions[task + 1 :]),
                            tuple(values),
                            (*state.marks[:task], mark_of(local), *state.marks[task + 1 :]),
                        ),
                        row.actor,
                    )


def reach(program: Program, limits: Limits) -> Reached:
    """Search the states of a program. Raises LimitReachedError.

    The first search lets everybody enter the work. If somebody could enter while another is inside, which is a fault
    that ends the schedule, the second search guards these steps.
    """
    rules = Rules(program)
    order = order_variables(rules)
    found = _reach(rules, order, limits, {})
    guards = {entry: tuple(others) for entry, others in exclusions(found).items()}
    return _reach(rules, order, limits, guards) if guards else found


def _reach(rules: Rules, order: Order, limits: Limits, guards: Guards) -> Reached:
    saturation = Saturation(rules, order, Diagrams(len(order.variables), limits), guards)
    return Reached(saturation, saturation.reachable())


def exclusions(reached: Reached) -> dict[tuple[int, Local], dict[int, set[Local]]]:
    """The steps into the work that can meet a task inside: for each (task, local state), where the others may stand."""
    inside: dict[int, set[Local]] = {}
    entering: list[tuple[int, Local, set[int]]] = []
    vms: dict[tuple[int, Local], set[int]] = {}
    for task in range(len(reached.program.tasks)):
        for local in sorted(reached.locals_of(task)):
            operation = reached.rules.operation(task, local)
            if operation is not None and operation.vms:
                vms[task, local] = set(operation.vms)
                if operation.action == "leave":
                    inside.setdefault(task, set()).add(local)
                else:
                    entering.append((task, local, set(operation.vms)))
    found: dict[tuple[int, Local], dict[int, set[Local]]] = {}
    for task, local, wanted in entering:
        for other, places in inside.items():
            common = {place for place in places if other != task and vms[other, place] & wanted}
            together = reached.encounters(task, local, other, common) if common else ()
            met = {place for place in together if reached.rules.excludes(task, local, other, place)}
            if met:
                found.setdefault((task, local), {})[other] = met
    return found
