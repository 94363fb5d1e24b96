"""The nouns of sevviz: programs, operations, states and faults, as plain frozen values.

A `Program` is a scheme put into a scenario: for each task an `Automaton` whose positions carry the next operation, and
the table of shared objects. A `State` is everything that decides the future. Nothing here knows C or a lock rule.

They are NamedTuples rather than dataclasses because a command starts with making these classes: a frozen dataclass with
slots takes ten times as long, and all of them together would be a quarter of the time of a small search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sevviz.automaton import Action, Automaton, Operation, Position, Span

__all__ = [
    "ATOMIC",
    "FAULTED",
    "MUTEX",
    "OFF_CPU",
    "OVERTAKE",
    "PLAIN",
    "SIGNALLED",
    "SPINLOCK",
    "SPINS",
    "WOKEN",
    "Action",
    "Automaton",
    "Fault",
    "Kind",
    "Operation",
    "Position",
    "Program",
    "SharedObject",
    "Source",
    "Span",
    "State",
    "Step",
    "Task",
    "Trace",
]

Kind = Literal["mutex", "spinlock", "atomic", "plain"]
MUTEX: Kind = "mutex"
SPINLOCK: Kind = "spinlock"
ATOMIC: Kind = "atomic"
PLAIN: Kind = "plain"

OVERTAKE = 1000  # actor -(OVERTAKE + task): a later store of the task overtakes its unlock (weak memory order)

# Bits of a task's mark in a state.
SIGNALLED = 1  # a fatal signal is pending
WOKEN = 2  # that signal came while the task waited for a mutex which it holds itself
OFF_CPU = 4  # it went to sleep and needs a free CPU again (only in scenarios with a number of CPUs)
FAULTED = 8  # its last step broke a rule that ends the schedule
SPINS = 16  # it has begun to spin, and keeps its CPU until it has the lock (only in scenarios with a number of CPUs)


class Source(NamedTuple):
    """One C text: the scheme's own (index 0 of a program's sources) or that of a built-in task."""

    name: str
    text: str


class SharedObject(NamedTuple):
    """A lock or a field that several tasks can reach.

    `value` in a state is the holder for a lock (task number from 1, 0 = free) and the number stored for a field.
    """

    name: str  # "B.lock"; a file-scope object has no VM in its name
    kind: Kind
    vm: str  # "B", or "" for a file-scope object
    initial: int = 0
    persistent: bool = False  # may stay changed after all tasks have returned
    ordered: bool = False  # lockdep was told that locks of this field nest in address order (lock_set_cmp_fn)
    uninitialised: bool = False  # nobody called spin_lock_init for it
    member: str = ""  # "kvm_vcpu->mutex": it is in a struct that a VM has several of, which one function initialises

    @property
    def is_lock(self) -> bool:
        """Whether its value is a holder."""
        return self.kind in (MUTEX, SPINLOCK)


class State(NamedTuple):
    """Everything that decides the future. A NamedTuple, so equality and hash are generated."""

    positions: tuple[int, ...]  # one per task, a number in its automaton
    values: tuple[int, ...]  # one per shared object
    marks: tuple[int, ...]  # one per task: SIGNALLED | WOKEN | OFF_CPU | FAULTED | SPINS


class Task(NamedTuple):
    """One thread of control that performs a call. A VM is not a task: a VM is what is locked."""

    label: str  # the call: "migrate(B, A)"
    automaton: Automaton


@dataclass(frozen=True, slots=True)
class Program:
    """A scheme in a scenario, ready to be stepped."""

    name: str
    title: str
    tasks: tuple[Task, ...]
    objects: tuple[SharedObject, ...]
    vms: tuple[str, ...]
    sources: tuple[Source, ...]
    header: tuple[tuple[str, str], ...] = ()
    scenario: str = ""
    signals: bool = False  # the environment may send each task a fatal signal, once
    cpus: int | None = None  # None: as many as there are tasks
    weak: bool = False  # a later store may overtake an unlock of another object
    spinlocks: tuple[int, ...] = field(init=False)
    locks: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the indices of the locks: the interpreter asks for them at every step."""
        indices = [i for i, o in enumerate(self.objects) if o.kind == SPINLOCK]
        object.__setattr__(self, "spinlocks", tuple(indices))
        object.__setattr__(self, "locks", tuple(i for i, o in enumerate(self.objects) if o.is_lock))

    def position(self, state: State, task: int) -> Position:
        """Where task number `task` (from 0) stands in `state`."""
        return self.tasks[task].automaton.positions[state.positions[task]]


class Fault(NamedTuple):
    """A step that broke a rule. `task` counts from 1 and is None where no single task is to blame."""

    kind: str
    task: int | None
    span: Span | None
    source: int = 0
    object: str | None = None
    holding: tuple[str, ...] = ()


class Step(NamedTuple):
    """One step of a trace: `actor` is a task number from 1, its negative for a fatal signal, or see OVERTAKE."""

    actor: int
    operation: Operation | None  # None for a signal
    result: int | None
    before: int | None  # the object's value before and after, None where there is no object
    after: int | None
    faults: tuple[Fault, ...] = ()


class Trace(NamedTuple):
    """The states and steps along one schedule: `states[0]` is initial, `steps[i]` leads to `states[i + 1]`."""

    program: Program
    states: tuple[State, ...]
    steps: tuple[Step, ...]

    @property
    def schedule(self) -> tuple[int, ...]:
        """The actors of the steps."""
        return tuple(step.actor for step in self.steps)
