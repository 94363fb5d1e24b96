"""The rules, written in the plainest way: what a step does to the locks, the fields and the other tasks.

Sources are those of the model: Documentation/locking/mutex-design.rst and locktypes.rst, and the measured facts
about killable mutexes (a free mutex is taken even with a signal pending; a self-wait that is killed returns 0).
"""

from dataclasses import dataclass
from typing import NamedTuple

from .frontend import Scheme
from .scenario import Scenario
from .tasks import Point, TaskProgram
from .values import Operation, Value, result_name

EBUSY = -16
EINTR = -4

Fault = tuple[str, int | None, int | None, str | None]
"""Kind, task number from 1, line, object."""
Returns = tuple[str | None, ...]
Move = tuple[int, bool]
"""Task index from 0, and whether this is a fatal signal sent to it rather than its own step."""


class Task(NamedTuple):
    """One task in one state: its place in the program, and what the environment has done to it."""

    point: Point
    retries: int | None
    signalled: bool = False
    signalled_on_arrival: bool = False
    slept: bool = False
    """It went to sleep for a mutex since its last step (only where CPUs are counted)."""
    spins: bool = False
    """It has begun to spin for a spinlock, which is a step of its own where CPUs are counted."""

    @property
    def returned(self) -> bool:
        """Whether the task has returned for good."""
        return self.point.operation is None


class World(NamedTuple):
    """One state. ``held`` has (lock, task index, is a spinlock); ``inside`` the tasks in sev_migrate_from."""

    tasks: tuple[Task, ...]
    held: frozenset[tuple[str, int, bool]]
    values: frozenset[tuple[str, Value]]
    inside: frozenset[tuple[int, tuple[Value, ...]]]

    def holder(self, lock: str | None) -> int | None:
        """Return the index of the task that holds a lock."""
        return next((task for name, task, _ in self.held if name == lock), None)

    def in_atomic_context(self, task: int) -> bool:
        """Whether a task holds a spinlock."""
        return any(holder == task and spinning for _, holder, spinning in self.held)


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of one move: the next state, the faults it recorded, and the kind of fault that ended it all."""

    world: World
    faults: frozenset[Fault]
    ended_by: str | None = None


class Rules:
    """The rules, for one scheme in one scenario."""

    def __init__(self, scheme: Scheme, scenario: Scenario) -> None:
        """Lay out the tasks and the fields' first values."""
        self.scheme = scheme
        self.scenario = scenario
        self.programs = [TaskProgram(scheme, calls) for calls in scenario.calls]
        self.first_values: dict[str, Value] = {**scheme.globals, **scenario.initial}
        tasks = tuple(self._settled(index, Task(p.start, scenario.retry)) for index, p in enumerate(self.programs))
        self.start = World(tasks, frozenset(), frozenset(self.first_values.items()), frozenset())

    def moves(self, world: World) -> list[Move]:
        """Return everything that can happen next, in a fixed order."""
        steps = [(index, False) for index in range(len(world.tasks)) if self.can_step(world, index)]
        if not self.scenario.signals:
            return steps
        alive = [index for index, task in enumerate(world.tasks) if not task.returned and not task.signalled]
        return steps + [(index, True) for index in alive]

    def can_step(self, world: World, index: int) -> bool:
        """Whether a task that has not returned is able to make its next step."""
        if world.tasks[index].returned or self.waits_for(world, index) is not None:
            return False
        if self.scenario.cpus is None or self._keeps_a_cpu(world, index):
            return True
        return sum(self._keeps_a_cpu(world, other) for other in range(len(world.tasks))) < self.scenario.cpus

    def _keeps_a_cpu(self, world: World, index: int) -> bool:
        """Whether a task has a CPU that it gives to nobody: it spins, or runs with a spinlock held."""
        task = world.tasks[index]
        awake = world.in_atomic_context(index) and not task.slept and not task.returned
        return awake or task.spins

    def _is_blocked_on(self, world: World, index: int, sort: str) -> bool:
        operation = world.tasks[index].point.operation
        return operation is not None and operation.kind.startswith(sort) and self.waits_for(world, index) is not None

    def waits_for(self, world: World, index: int) -> int | None:
        """Return the task that a blocked task waits for: at most one, perhaps itself."""
        task = world.tasks[index]
        operation = task.point.operation
        if operation is None or operation.kind not in ("mutex_lock", "mutex_lock_killable", "spin_lock"):
            return None
        if operation.kind == "mutex_lock_killable" and task.signalled:
            return None
        if operation.kind == "spin_lock" and self.scenario.cpus is not None and not task.spins:
            return None
        return world.holder(operation.target)

    def cycle_from(self, world: World, index: int) -> list[int]:
        """Return the tasks of the wait-for cycle that this task is on, or nothing."""
        chain = [index]
        waited_for = self.waits_for(world, index)
        while waited_for is not None and waited_for not in chain:
            chain.append(waited_for)
            waited_for = self.waits_for(world, waited_for)
        return chain if waited_for == index else []

    def is_killable(self, world: World, index: int) -> bool:
        """Whether a fatal signal could still end this task's wait for a lock."""
        return self.scenario.signals and self.waits_for(self._all_signalled(world), index) is None

    def is_hopeless(self, world: World) -> bool:
        """Whether no task can step, and none could even if every signal came."""
        future = self._all_signalled(world) if self.scenario.signals else world
        return not any(self.can_step(future, index) for index in range(len(world.tasks)))

    def _all_signalled(self, world: World) -> World:
        return world._replace(tasks=tuple(task._replace(signalled=True) for task in world.tasks))

    def apply(self, world: World, move: Move) -> Effect:
        """Make one move."""
        index, is_signal = move
        if is_signal:
            tasks = [task._replace(signalled=task.signalled or at == index) for at, task in enumerate(world.tasks)]
            return Effect(world._replace(tasks=tuple(tasks)), frozenset())
        operation = world.tasks[index].point.operation
        assert operation is not None
        if (
            self.scenario.cpus is not None
            and operation.kind == "spin_lock"
            and world.holder(operation.target) is not None
        ):
            tasks = list(world.tasks)
            tasks[index] = tasks[index]._replace(spins=True, slept=False)
            world = world._replace(tasks=tuple(tasks))
            return Effect(world, frozenset(self._faults_of(world, index)))
        faults = frozenset(self._sleep_fault(world, index, operation))
        broken = self._broken_rule(world, index, operation)
        if broken is not None:
            return Effect(world, faults | {(broken[0], index + 1, operation.line, broken[1])}, broken[0])
        world, told = self._performed(world, index, operation)
        tasks = list(world.tasks)
        point = self.programs[index].after(tasks[index].point, told)
        tasks[index] = self._settled(index, tasks[index]._replace(point=point, slept=False, spins=False))
        world = self._asleep(world._replace(tasks=tuple(tasks)))
        return Effect(world, faults | self._faults_of(world, index))

    def returns(self, world: World) -> Returns:
        """Return what every task has returned, None for those still under way."""
        results = [None if task.returned is False else task.point.result for task in world.tasks]
        return tuple(None if result is None else result_name(result) for result in results)

    def _asleep(self, world: World) -> World:
        if self.scenario.cpus is None:
            return world
        blocked = [self._is_blocked_on(world, index, "mutex") for index in range(len(world.tasks))]
        tasks = [task._replace(slept=task.slept or now) for task, now in zip(world.tasks, blocked, strict=True)]
        return world._replace(tasks=tuple(tasks))

    def _settled(self, index: int, task: Task) -> Task:
        """Start the call again as often as -EBUSY and the scenario say, at no cost."""
        start = self.programs[index].start
        while task.point.result == EBUSY and task.retries != 0 and start.operation is not None:
            left = None if task.retries is None else task.retries - 1
            task = task._replace(point=start, retries=left)
        return task._replace(signalled_on_arrival=task.signalled)

    def _sleep_fault(self, world: World, index: int, operation: Operation) -> set[Fault]:
        sleeps = operation.kind in ("mutex_lock", "mutex_lock_killable", "may_sleep")
        if not (sleeps and world.in_atomic_context(index)):
            return set()
        return {("sleep-in-atomic", index + 1, operation.line, operation.target)}

    def _broken_rule(self, world: World, index: int, operation: Operation) -> tuple[str, str | None] | None:
        if operation.kind in ("mutex_unlock", "spin_unlock") and world.holder(operation.target) != index:
            return "unlock-not-held", operation.target
        if operation.kind == "enter":
            machines = {machine.vm for _, pair in world.inside for machine in pair if not isinstance(machine, int)}
            shared = [machine.vm for machine in operation.operands if not isinstance(machine, int)]
            common = [name for name in shared if name in machines]
            return ("exclusion", min(common)) if common else None
        return None

    def _performed(self, world: World, index: int, operation: Operation) -> tuple[World, Value]:
        if operation.kind in ("enter", "leave"):
            return world._replace(inside=world.inside ^ {(index, operation.operands)}), 0
        if operation.kind in ("may_sleep", "nothing"):
            return world, 0
        if operation.kind.startswith(("mutex", "spin")):
            return self._lock_performed(world, index, operation)
        return self._field_performed(world, operation)

    def _lock_performed(self, world: World, index: int, operation: Operation) -> tuple[World, Value]:
        holder = world.holder(operation.target)
        assert operation.target is not None
        mine = (operation.target, index, operation.kind.startswith("spin"))
        if operation.kind.endswith("unlock"):
            return world._replace(held=world.held - {mine}), 0
        if holder is None:
            return world._replace(held=world.held | {mine}), int(operation.kind.endswith("trylock"))
        if operation.kind.endswith("trylock"):
            return world, 0
        # A killable wait that a signal has ended. Held by the task itself, it counts as handed over.
        handed_over = holder == index and not world.tasks[index].signalled_on_arrival
        return world, 0 if handed_over else EINTR

    def _field_performed(self, world: World, operation: Operation) -> tuple[World, Value]:
        assert operation.target is not None
        values = dict(world.values)
        before = values.get(operation.target, 0)
        after = operation.operands[-1] if operation.operands else before
        if operation.kind == "cmpxchg" and before != operation.operands[0]:
            after = before
        values[operation.target] = after
        return world._replace(values=frozenset(values.items())), before

    def _faults_of(self, world: World, moved: int) -> set[Fault]:
        """Return the faults to record in the state that a task's step has led to."""
        found: set[Fault] = set()
        for index, task in enumerate(world.tasks):
            operation = task.point.operation
            if operation is not None and self._is_blocked_on(world, index, "mutex"):
                found |= self._sleep_fault(world, index, operation)
        operation = world.tasks[moved].point.operation
        if operation is None:
            found |= {("held-at-return", moved + 1, None, name) for name, task, _ in world.held if task == moved}
        elif self.waits_for(world, moved) == moved:
            found.add(("self-deadlock", moved + 1, operation.line, operation.target))
        if all(task.returned for task in world.tasks):
            found |= {("flag-left-set", None, None, name) for name in self._left_changed(world)}
        return found

    def _left_changed(self, world: World) -> list[str]:
        persistent = self.scheme.persistent
        changed = [name for name, value in world.values if value != self.first_values.get(name, 0)]
        return [name for name in changed if persistent.isdisjoint({name, name.partition(".")[2], name.split(".")[-1]})]
