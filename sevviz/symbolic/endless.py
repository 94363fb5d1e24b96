"""Endless runs in a set of states: the questions of `sevviz.loops`, without visiting the states one by one.

Without a loop in the program of any task there is none in the states. Else the states from which a fair run can go on
for ever are what is left when those that cannot are taken away, again and again: Emerson and Lei, "Efficient model
checking in fragments of the propositional mu-calculus", LICS 1986. The component of a state is what it reaches and is
reached from.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sevviz.interpreter import moves
from sevviz.loops import Lasso
from sevviz.symbolic.deadlocks import disabled_states
from sevviz.symbolic.diagrams import EMPTY
from sevviz.symbolic.images import Images

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sevviz.model import State
    from sevviz.symbolic.limits import Limits
    from sevviz.symbolic.reached import Part, Reached

__all__ = ["Endless"]

STEP_BY_STEP = 100_000  # states to visit one by one when the loop itself is looked for


class Endless:
    """Livelock and starvation in the states in which schedules go on."""

    def __init__(self, reached: Reached, limits: Limits, running: Part) -> None:
        self._reached = reached
        self._running = running
        self._limits = limits
        self._any = Images(reached)
        self._own = Images(reached, own_only=True)
        self._tasks = range(len(reached.program.tasks))
        flat = reached.diagrams.flat
        self._disabled = [flat(disabled_states(reached, task)) for task in self._tasks]

    def livelock(self) -> Lasso | None:
        """A loop that a fair scheduler can follow for ever, with a shortest stem."""
        part = self._fair_part()
        while part:
            start = self._nearest(part)
            component = self._component(start, part, self._any, self._tasks)
            if self._is_fair(component):
                return Lasso(self._reached.schedule_to(start), self._fair_loop(start, component))
            part = self._reached.diagrams.minus(part, self._reached.union([component, self._single(start)]))
        return None

    def starvation(self) -> Lasso | None:
        """A loop on which some task could always step and never does, with a shortest stem."""
        best: tuple[State, int] | None = None
        length = 0
        for task in self._tasks:
            start = self._starving(task)
            if start is not None:
                found = self._length(start)
                if best is None or found < length:
                    best, length = (start, task), found
        if best is None:
            return None
        start, task = best
        others = [t for t in self._tasks if t != task]
        loop = self._loop(start, lambda state: self._can_step(state, task), others)
        return Lasso(self._reached.schedule_to(start), loop, self._left_out(start, loop))

    # Sets of states.

    def _fair_part(self) -> Part:
        part, before = self._trim(self._reached.diagrams.flat(self._running), self._any, self._tasks), EMPTY
        while part != before:
            before = part
            for task in self._tasks:
                meet = self._reached.diagrams.meet
                just = self._reached.union([meet(self._disabled[task], part), meet(self._step_back(part, task), part)])
                part = self._closure(just, part, lambda new: self._any.before(new, self._tasks))
            part = self._trim(part, self._any, self._tasks)
        return part

    def _step_back(self, part: Part, task: int) -> Part:
        return self._reached.diagrams.flat(self._own.before(part, [task]))

    def _trim(self, part: Part, images: Images, tasks: Collection[int]) -> Part:
        """What is left of a part when states without a step into it or out of it are taken away."""
        diagrams, before = self._reached.diagrams, EMPTY
        while part != before:
            before = part
            part = diagrams.meet(part, images.before(part, tasks))
            part = diagrams.meet(part, images.after(part, tasks))
        return part

    def _closure(self, start: Part, part: Part, one_step: Callable[[Part], Part]) -> Part:
        """What is reached from `start` inside a part."""
        diagrams = self._reached.diagrams
        seen = new = start
        while new:
            new = diagrams.minus(diagrams.flat(diagrams.meet(one_step(new), part)), seen)
            seen = diagrams.union(seen, new)
        return seen

    def _component(self, state: State, part: Part, images: Images, tasks: Collection[int]) -> Part:
        """The strongly connected component of a state in a part; empty if the state is on no loop."""
        start = self._single(state)
        ahead = self._closure(start, part, lambda new: images.after(new, tasks))
        both = self._closure(start, ahead, lambda new: images.before(new, tasks))
        return both if self._reached.diagrams.meet(both, images.after(both, tasks)) else EMPTY

    def _single(self, state: State) -> Part:
        return self._reached.diagrams.state(self._reached.values(state))

    def _is_fair(self, component: Part) -> bool:
        meet = self._reached.diagrams.meet
        return bool(component) and all(
            meet(self._disabled[task], component) or meet(self._step_back(component, task), component)
            for task in self._tasks
        )

    def _starving(self, task: int) -> State | None:
        """The nearest state of a loop on which a task could always step and never does."""
        others = [t for t in self._tasks if t != task]
        enabled = self._reached.diagrams.minus(self._running, self._disabled[task])
        part = self._trim(self._reached.diagrams.flat(enabled), self._own, others)
        while part:
            start = self._nearest(part)
            component = self._component(start, part, self._own, others)
            if component:
                return start
            part = self._reached.diagrams.minus(part, self._single(start))
        return None

    def _nearest(self, part: Part) -> State:
        return self._reached.nearest(self._reached.diagrams.meet(self._reached.states, part))

    def _length(self, state: State) -> int:
        return len(self._reached.schedule_to(state))

    # The loop itself, step by step.

    def _can_step(self, state: State, task: int) -> bool:
        return any(move.actor == task + 1 for move in moves(self._reached.program, state))

    def _fair_loop(self, start: State, component: Part) -> tuple[int, ...]:
        """A shortest walk from a state back to it on which every task steps or is seen disabled."""

        def inside(state: State) -> bool:
            return self._reached.diagrams.distance(component, self._reached.values(state)) is not None

        return self._loop(start, inside, self._tasks, fair=True)

    def _loop(
        self, start: State, inside: Callable[[State], bool], tasks: Collection[int], *, fair: bool = False
    ) -> tuple[int, ...]:
        everyone = (1 << len(self._tasks)) - 1
        first = (start, self._seen_disabled(start) if fair else everyone)
        parents: dict[tuple[State, int], tuple[tuple[State, int], int]] = {}
        queue = deque([first])
        while queue:
            node = queue.popleft()
            for actor, target, _ in moves(self._reached.program, node[0]):
                if not inside(target) or (not fair and actor - 1 not in tasks):
                    continue
                seen = node[1] | (1 << actor - 1 if actor > 0 else 0)
                following = (target, seen | self._seen_disabled(target) if fair else everyone)
                if following not in parents:
                    parents[following] = (node, actor)
                    if following == (start, everyone):
                        return _unwind(parents, following, first)
                    queue.append(following)
            self._limits.check_visits(len(parents), STEP_BY_STEP)
        message = "a component has a loop"
        raise AssertionError(message)

    def _seen_disabled(self, state: State) -> int:
        able = {move.actor for move in moves(self._reached.program, state)}
        return sum(1 << task for task in self._tasks if task + 1 not in able)

    def _left_out(self, state: State, loop: tuple[int, ...]) -> tuple[int, ...]:
        """The tasks that could step in every state of the loop and do not."""
        left = {task + 1 for task in self._tasks} - set(loop)
        for actor in loop:
            able = {move.actor: move.state for move in moves(self._reached.program, state)}
            left &= able.keys()
            state = able[actor]
        return tuple(sorted(left))


def _unwind(
    parents: dict[tuple[State, int], tuple[tuple[State, int], int]], node: tuple[State, int], first: tuple[State, int]
) -> tuple[int, ...]:
    actors = []
    while True:
        node, actor = parents[node]
        actors.append(actor)
        if node == first:
            return tuple(reversed(actors))
