"""What the model says the kernel will do, line by line, when it is given a list of turns.

A turn is finer than a step of a schedule: the kernel lets a task go into mutex_lock() even when the mutex is held, and
the task sleeps inside until the holder wakes it. Here the interpreter is made to follow turns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevviz.interpreter import CPU, effect_of, in_atomic_context, initial_state, step, wait_of
from sevviz.kernel.reports import Reports
from sevviz.kernel.together import format_group, grouped
from sevviz.kernel.transcript import Prediction, Turn, step_text
from sevviz.lockdep import is_spinning
from sevviz.model import FAULTED, WOKEN

if TYPE_CHECKING:
    from sevviz.interpreter import Wait
    from sevviz.model import Operation, Program, State

__all__ = ["follow"]


@dataclass
class _Follower:
    """The model's tasks, driven turn by turn."""

    program: Program
    up: bool
    state: State = field(init=False)
    asleep: list[int] = field(default_factory=list)  # inside a primitive, in the order of a mutex's wait list
    handed_off: set[int] = field(default_factory=set)  # mutexes that go straight to their first waiter when unlocked
    without_cpu: list[int] = field(default_factory=list)  # given a turn, but no CPU to take it on
    steps: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ends: str = ""
    spins: bool = False
    late: bool = False

    def __post_init__(self) -> None:
        self.state = initial_state(self.program)
        self.reports = Reports(self.program, self._operation, up=self.up)
        for task in self._tasks():
            self._say_return(task)

    def _tasks(self) -> range:
        return range(1, len(self.program.tasks) + 1)

    def _operation(self, task: int) -> Operation | None:
        return self.program.position(self.state, task - 1).operation

    def turn(self, actors: tuple[int, ...]) -> None:
        """Give a task its turn, or send it SIGKILL; then whoever can go on without a turn does.

        Where several are given at once, a task that a signal has woken has the CPU for those that are its own.
        """
        for actor in actors:
            if len(actors) > 1 and actor in self.asleep:
                self._wake(actor)
            else:
                self._give(actor)
        self._settle()

    def _give(self, actor: int) -> None:
        operation = self._operation(abs(actor))
        if actor < 0:
            if operation is not None:
                self._take(actor)
        elif operation is None or actor in self.asleep or actor in self.without_cpu:
            self.lines.append(f"cannot {actor}")
        else:
            self._begin(actor, operation)

    def _settle(self) -> None:
        self._find_cpus()
        while not self.ends and (woken := next((t for t in self.asleep if self._wait(t) is None), 0)):
            self._wake(woken)
            self._find_cpus()
        if not self.ends:
            self._say_waits()

    def _wait(self, task: int) -> Wait | None:
        return wait_of(self.program, self.state, task)

    def _cpu_is_free(self, task: int) -> bool:
        """Whether a task can run: who spins keeps its CPU, and who stands in atomic context, unless it sleeps."""
        if self.up or self.program.cpus is None or in_atomic_context(self.program, self.state, task):
            return True
        others = (other for other in self._tasks() if other != task)
        return sum(self._keeps_cpu(other) for other in others) < self.program.cpus

    def _keeps_cpu(self, task: int) -> bool:
        operation = self._operation(task)
        if operation is None:
            return False
        if task in self.asleep:
            return is_spinning(self.program, operation)
        return in_atomic_context(self.program, self.state, task)

    def _find_cpus(self) -> None:
        for task in list(self.without_cpu):
            operation = self._operation(task)
            if operation is not None and self._cpu_is_free(task):
                self.without_cpu.remove(task)
                self.late = True
                self._begin(task, operation)

    def _begin(self, task: int, operation: Operation) -> None:
        if not self._cpu_is_free(task):
            self.without_cpu.append(task)  # still at its schedule point
            return
        holder = self.state.values[operation.object] if is_spinning(self.program, operation) else 0
        spins = holder != 0
        self.spins |= spins
        if spins and self.up:
            self.lines.append(f"spin {task} {step_text(self.program, operation)} {holder}")
            return
        if spins and self.program.cpus is not None:  # to begin is a step of the schedule
            self.state = step(self.program, self.state, task).state
            self.steps.append(task)
        wait = self._wait(task)
        self.reports.begins(task, operation, on_itself=spins and wait is not None and wait.holder == task)
        if wait is None:
            self._take(task)
            return
        if not self._queue(operation):
            self.handed_off.discard(operation.object)  # who left it behind was the last one
        self.asleep.append(task)
        if not spins:
            self.reports.sleeps(task)

    def _take(self, actor: int) -> None:
        """The step itself, and what is printed of it."""
        task, operation = abs(actor), self._operation(abs(actor))
        assert operation is not None  # the caller has looked
        before = self.state
        move = step(self.program, before, actor)
        self.state = move.state
        self.steps.append(actor)
        if actor < 0:
            if self._queue(operation)[:1] != [task]:  # only a sleeper can be handed its own mutex, and only the first
                marks = (m & ~WOKEN if t == task else m for t, m in enumerate(self.state.marks, 1))
                self.state = self.state._replace(marks=tuple(marks))
            return
        ending = [fault.kind for fault in move.faults if fault.task == actor]
        if any(mark & FAULTED for mark in self.state.marks):
            self.ends = ending[0]
        result, _ = effect_of(operation, before, actor)
        self.reports.took(task, operation, result, self.ends)
        if not self.ends:
            value = self._value_after(operation)
            self.lines.append(f"step {task} {step_text(self.program, operation)} {result} {value}")
            self._say_return(task)
        # The kernel goes on after a fault, be it to the end of the task.
        automaton, place = self.program.tasks[task - 1].automaton, before.positions[task - 1]
        if automaton.ends_call(place, result):
            self.reports.returned(task, last=automaton.positions[automaton.after(place, result)].operation is None)

    def _wake(self, task: int) -> None:
        """A sleeper goes on: it can have the mutex, or a signal ends its wait.

        The first waiter asks to be handed the mutex before it looks at the signal; who is behind it profits.
        """
        operation = self._operation(task)
        assert operation is not None, "who has returned is not asleep"
        if self.state.values[operation.object] and self._queue(operation)[0] == task:
            self.handed_off.add(operation.object)
        self.asleep.remove(task)
        self._take(task)

    def _queue(self, operation: Operation) -> list[int]:
        """Who waits for the object of an operation, in the order of its wait list."""
        return [task for task in self.asleep if (at := self._operation(task)) and at.object == operation.object]

    def _value_after(self, operation: Operation) -> int:
        """What the object of a step holds then: a mutex that is handed off is never free."""
        if operation.object < 0:
            return 0
        if operation.action == "unlock" and operation.object in self.handed_off:
            self.handed_off.discard(operation.object)
            return next(iter(self._queue(operation)), 0)
        return self.state.values[operation.object]

    def _say_return(self, task: int) -> None:
        position = self.program.position(self.state, task - 1)
        if position.operation is None:
            self.lines.append(f"return {task} {position.result}")

    def _say_waits(self) -> None:
        for task in sorted(self.asleep):
            operation, wait = self._operation(task), self._wait(task)
            assert operation is not None, "who has returned is not asleep"
            assert wait is not None, "who can go on has been woken"
            runs = wait.object == CPU or is_spinning(self.program, operation)  # or was woken, and has no CPU
            letter, holder = "R" if runs else _sleep_letter(operation), self.state.values[operation.object]
            self.lines.append(f"wait {task} {step_text(self.program, operation)} {letter} {holder}")

    def finish(self) -> None:
        """What the kernel says when nothing moves any more."""
        spinning, hung = list[int](), list[int]()
        for task in self.asleep:
            operation, wait = self._operation(task), self._wait(task)
            assert operation is not None, "who has returned is not asleep"
            if is_spinning(self.program, operation):
                spinning.append(task)
            elif _sleep_letter(operation) == "D" and wait is not None and wait.object != CPU:
                hung.append(task)
        self.reports.stuck(spinning, hung)


def _sleep_letter(operation: Operation) -> str:
    """The state of a sleeper: D, K (killable: the hung-task detector skips it) or S (interruptible)."""
    if operation.primitive.endswith("_interruptible"):
        return "S"
    return "K" if operation.interruptible else "D"


def follow(program: Program, turns: tuple[int, ...], *, up: bool = True) -> Prediction:
    """What the model says of a list of turns: task numbers from 1, negative for SIGKILL.

    `up`: the kernel has one CPU, so that nobody can be seen to spin.
    """
    follower = _Follower(program, up)
    told = [Turn("", tuple(follower.lines))]
    for group in grouped(turns):
        follower.lines = []
        follower.turn(group)
        told.append(Turn(format_group(group), tuple(follower.lines)))
        if follower.ends:
            break
    follower.finish()
    results = tuple(program.position(follower.state, task).result for task in range(len(program.tasks)))
    return Prediction(
        tuple(told), frozenset(one.finding for one in follower.reports.told), results, tuple(follower.steps),
        tuple(follower.reports.told), follower.reports.checker, follower.ends, follower.spins, follower.late,
    )  # fmt: skip
