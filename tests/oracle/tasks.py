"""A task, seen from outside: what it does next, given what it has been told so far.

A generator cannot be copied, so a task is run again from its start for each history of results. Two histories
that leave the suspended generator with the same frames are one ``Point``: that keeps endless retries finite.
"""

from dataclasses import dataclass, field
from types import GeneratorType

from .expressions import Expressions, Steps
from .frontend import Scheme
from .scenario import Call
from .statements import Activation
from .values import Operation, Pointer, Value


@dataclass(eq=False, slots=True)
class Point:
    """Where a task is: about to make ``operation``, or, if that is None, returned with ``result``."""

    history: tuple[Value, ...]
    operation: Operation | None
    result: Value | None
    successors: dict[Value, "Point"] = field(default_factory=dict)


class TaskProgram:
    """All points of a task's calls, found as they are asked for."""

    def __init__(self, scheme: Scheme, calls: tuple[Call, ...]) -> None:
        """Find the first point."""
        self._scheme = scheme
        self._calls = calls
        self._points: dict[object, Point] = {}
        self.start = self._point(())

    def after(self, point: Point, told: Value) -> Point:
        """Return where the task stops next, once its operation has given it this value."""
        if told not in point.successors:
            point.successors[told] = self._point((*point.history, told))
        return point.successors[told]

    def _point(self, history: tuple[Value, ...]) -> Point:
        steps = _in_turn(self._scheme, self._calls)
        operation, result = _replay(steps, history)
        key = ("returned", result) if operation is None else (operation, snapshot(steps))
        return self._points.setdefault(key, Point(history, operation, result))


def _in_turn(scheme: Scheme, calls: tuple[Call, ...]) -> Steps:
    """One call after the other, up to the first that does not return 0; that one's result is the task's."""
    last = len(calls) - 1
    # The number is a variable of its own, so that a snapshot tells equal calls apart.
    for number, (name, arguments) in enumerate(calls):
        result = yield from Activation(scheme, scheme.functions[name], list(arguments)).run()
        if result != 0 or number == last:
            break
    return result


def _replay(steps: Steps, history: tuple[Value, ...]) -> tuple[Operation | None, Value | None]:
    try:
        operation = next(steps)
        for told in history:
            operation = steps.send(told)
    except StopIteration as returned:
        return None, returned.value
    return operation, None


def snapshot(steps: object) -> tuple[object, ...]:
    """Return all that a suspended generator's future depends on: position and variables of every frame."""
    frames: list[object] = []
    while isinstance(steps, GeneratorType) and steps.gi_frame is not None:
        frame = steps.gi_frame
        variables = tuple((name, _frozen(value)) for name, value in sorted(frame.f_locals.items()))
        frames.append((frame.f_code.co_qualname, frame.f_lasti, variables))
        steps = steps.gi_yieldfrom
    return tuple(frames)


def _frozen(value: object) -> object:
    if isinstance(value, Expressions):
        return value.function.name, tuple(sorted(value.variables.items(), key=lambda item: item[0]))
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item) for item in value)
    if value is None or isinstance(value, (int, str, Pointer, Operation)):
        return value
    if callable(value):
        return getattr(value, "__name__", "")
    return id(value)  # a syntax tree node: the scheme keeps it alive
