"""A loaded scheme file, and how it becomes a Program for some tasks."""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.builder import suggest
from sevviz.csource.fields import Location, Use, infer_kinds, note_use, short_names
from sevviz.csource.places import Finished, Frame, Place, Pointer, Runner
from sevviz.csource.reader import Text, decode, parse, read_header
from sevviz.csource.statements import lower_file
from sevviz.errors import ScenarioError
from sevviz.model import Automaton, Operation, Position, Program, SharedObject, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.csource.ir import Access, Function, GlobalObject

__all__ = ["Scheme", "Settings", "load_scheme", "make_program", "vm_order"]

EBUSY = -errno.EBUSY
SUBCLASSES = 8  # MAX_LOCKDEP_SUBCLASSES, include/linux/lockdep_types.h
_CALL = re.compile(r"\s*(\w+)\s*\(\s*([A-Z]\w*(?:\s*,\s*[A-Z]\w*)*)?\s*\)\s*")

IOCTL = """/*
 * title: An ordinary ioctl
 * source: the shape of every VM ioctl that takes kvm->lock, Documentation/virt/kvm/locking.rst
 * entry: ioctl
 */
static int ioctl(struct kvm *kvm)
{
	mutex_lock(&kvm->lock);
	mutex_unlock(&kvm->lock);
	return 0;
}
"""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme file that has been read, checked and lowered."""

    name: str
    text: Text
    header: dict[str, str]
    functions: dict[str, Function]
    globals: dict[str, GlobalObject]
    uses: dict[Location, Use]
    runner: Runner

    @property
    def entry(self) -> Function:
        """The function that a task calls."""
        return self.functions[self.header["entry"]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a scenario adds to the calls; see design.md, contract 2."""

    initial: tuple[tuple[str, int], ...] = ()
    signals: bool = False
    retry: int | None = 0  # attempts after the first; None for ever
    cpus: int | None = None
    scenario: str = ""
    weak: bool = False  # memory = "weak"


def load_scheme(source: bytes | str, name: str) -> Scheme:
    """Read a scheme; raises SchemeError at the first thing that is not understood. `name` is the file's, for errors."""
    text = Text(name, decode(source.encode(errors="surrogateescape") if isinstance(source, str) else source, name))
    header = read_header(text)
    functions, objects = lower_file(text, parse(text))
    _check_entry(text, header, functions)
    uses = infer_kinds(text, functions, objects)
    return Scheme(re.sub(r".*/|\.c$", "", name), text, header, functions, objects, uses, Runner(text, functions))


def _check_entry(text: Text, header: dict[str, str], functions: dict[str, Function]) -> None:
    name = header["entry"]
    if name not in functions:
        where = next(i for i, line in enumerate(text.text.split("\n"), 1) if "entry" in line)
        has = f"the file defines {', '.join(functions)}" if functions else "the file defines no function"
        first = Text(text.name, text.text)
        from sevviz.model import Span

        first.fail(
            Span(where, 1, where, 1), f"the entry {name!r} is not in the file; {has}{suggest(name, list(functions))}"
        )
    entry = functions[name]
    wrong = [v for v in entry.variables[: entry.parameters] if v.pointee != "kvm"]
    if wrong or not entry.parameters:
        span = wrong[0].span if wrong else entry.span
        text.fail(span, f"the entry {name!r} takes VMs only: struct kvm *dst, struct kvm *src (destination first)")
    if entry.result not in ("int", "bool", "void"):
        text.fail(entry.span, f"the entry {name!r} returns int, bool or nothing, not a pointer")


class _Call(NamedTuple):
    """One call of a task: the function of a scheme on VMs (their numbers)."""

    scheme: Scheme
    source: int
    function: str
    vms: tuple[int, ...]


class _Stand(NamedTuple):
    """Where a task stands: which of its calls, which attempt, and the place in it."""

    call: int
    attempt: int
    place: Place


@cache
def _ioctl() -> Scheme:
    return load_scheme(IOCTL, "built-in ioctl")


def vm_order(name: str) -> tuple[int, str]:
    """Address order of VMs: A < B < ... < Z < AA < AB."""
    return (len(name), name)


def make_program(scheme: Scheme, tasks: Sequence[str], settings: Settings | None = None) -> Program:
    """Put a scheme into a scenario: `tasks` are calls such as "migrate(B, A)" or "ioctl(A)"."""
    settings = settings or Settings()
    calls = [[_parse_call(scheme, written) for written in task.split(";")] for task in tasks]
    if not calls:
        message = "a scenario needs at least one task, such as migrate(B, A)"
        raise ScenarioError(message)
    names = {vm for task in calls for _, _, arguments in task for vm in arguments}
    vms = tuple(sorted(names, key=vm_order))
    schemes = [scheme, *([_ioctl()] if any(s is _ioctl() for task in calls for s, _, _ in task) else [])]
    objects, numbers = _shared_objects(schemes, vms, settings)
    made = []
    for label, task in zip(tasks, calls, strict=True):
        steps = [_Call(s, schemes.index(s), function, tuple(vms.index(v) for v in args)) for s, function, args in task]
        builder = _TaskBuilder(steps, settings.retry, vms, numbers, [o.name for o in objects])
        shown = "; ".join(f"{function}({', '.join(args)})" for _, function, args in task)
        made.append(Task(shown if label else "", builder.automaton()))
    sources = tuple(Source(s.text.name, s.text.text) for s in schemes)
    return Program(
        scheme.name, scheme.header["title"], tuple(made), tuple(objects), vms, sources,
        tuple(scheme.header.items()), settings.scenario, settings.signals, settings.cpus, settings.weak,
    )  # fmt: skip


def _parse_call(scheme: Scheme, written: str) -> tuple[Scheme, str, tuple[str, ...]]:
    match = _CALL.fullmatch(written)
    entry = scheme.entry
    example = f"{entry.name}({', '.join('BAC'[: entry.parameters])})"
    if match is None:
        message = f"task {written!r} is not a call on VMs: write {example} or ioctl(A); VMs are A, B, C, ..."
        raise ScenarioError(message)
    function, arguments = match[1], tuple(re.findall(r"\w+", match[2] or ""))
    owner = _ioctl() if function == "ioctl" and "ioctl" not in scheme.functions else scheme
    known = [f.name for f in scheme.functions.values() if all(v.pointee == "kvm" for v in f.variables[: f.parameters])]
    if function not in owner.functions or (owner is scheme and function not in known):
        message = f"task {written!r}: no function {function!r} on VMs in {scheme.text.name}; there are {', '.join([*known, 'ioctl'])}"
        raise ScenarioError(message + suggest(function, known))
    wanted = owner.functions[function].parameters
    if wanted != len(arguments):
        message = f"task {written!r}: {function} takes {wanted} VM{'s' * (wanted != 1)}, not {len(arguments)}"
        raise ScenarioError(message)
    return owner, function, arguments


def _shared_objects(
    schemes: list[Scheme], vms: tuple[str, ...], settings: Settings
) -> tuple[list[SharedObject], dict[tuple[int, tuple[str, ...]], int]]:
    """The table of objects, and the number of each by (VM number or -1, path)."""
    uses: dict[Location, Use] = {}
    for scheme in schemes:
        for location, use in scheme.uses.items():
            note_use(uses, location, use)
    names = short_names(list(uses))
    declared = schemes[0].globals
    persistent = {word for word in re.split(r"[,\s]+", schemes[0].header.get("persistent", "")) if word}
    objects: list[SharedObject] = []
    numbers: dict[tuple[int, tuple[str, ...]], int] = {}
    for number, vm in enumerate(vms):
        for location, use in uses.items():
            if not location.root:
                numbers[number, location.path] = len(objects)
                name = f"{vm}.{names[location]}"
                kept = bool({name, names[location]} & persistent)
                objects.append(SharedObject(name, use.kind, vm, 0, kept))
    for location, use in uses.items():
        if location.root:
            numbers[-1, (location.root,)] = len(objects)
            objects.append(
                SharedObject(location.root, use.kind, "", declared[location.root].initial, location.root in persistent)
            )
    _check_persistent(schemes[0], persistent, [names[location] for location in uses], objects)
    return _with_initial(objects, settings), numbers


def _check_persistent(scheme: Scheme, persistent: set[str], names: list[str], objects: list[SharedObject]) -> None:
    fields = sorted(set(names) | {o.name for o in objects})
    for word in sorted(persistent - set(fields)):
        # A VM that this scenario does not have is no mistake.
        if re.sub(r"^[A-Z]\w*\.", "", word) not in fields:
            message = f"{scheme.text.name}: the header's persistent field {word!r} is not in the scheme; there are {', '.join(names)}"
            raise ScenarioError(message + suggest(word, names))


def _with_initial(objects: list[SharedObject], settings: Settings) -> list[SharedObject]:
    by_name = {o.name: i for i, o in enumerate(objects)}
    result = list(objects)
    for name, value in settings.initial:
        fields = [o.name for o in objects if not o.is_lock]
        if name not in by_name:
            message = f"initial: no field {name!r} here; there are {', '.join(fields) or 'none'}{suggest(name, fields)}"
            raise ScenarioError(message)
        o = result[by_name[name]]
        if o.is_lock and value:
            message = (
                f"initial: {name} is a {o.kind}, and a lock starts free; let a task hold it instead, such as ioctl(A)"
            )
            raise ScenarioError(message)
        result[by_name[name]] = SharedObject(o.name, o.kind, o.vm, value, o.persistent)
    return result


class _TaskBuilder:
    """Makes one task's automaton: binds the places of its calls to numbered objects and VMs."""

    def __init__(
        self, calls: list[_Call], retry: int | None, vms: tuple[str, ...],
        numbers: dict[tuple[int, tuple[str, ...]], int], names: list[str],
    ) -> None:  # fmt: skip
        self.calls = calls
        self.retry = retry
        self.vms = vms
        self.numbers = numbers
        self.names = names

    def automaton(self) -> Automaton:
        """The task from its first step on."""
        return Automaton(self._start(0, 1), self._advance, self._describe)

    def _start(self, number: int, attempt: int) -> _Stand:
        call = self.calls[number]
        place = call.scheme.runner.call(call.function, tuple(Pointer(vm, ()) for vm in call.vms))
        if isinstance(place, Finished) and self._again(place, attempt) is not None and self.retry is None:
            entry = call.scheme.functions[call.function]
            call.scheme.text.fail(
                entry.span, f"{call.function} returns -EBUSY without a step, so retrying it for ever never ends"
            )
        return self._settle(_Stand(number, attempt, place))

    def _settle(self, stand: _Stand) -> _Stand:
        """Go on to the next attempt or the next call where this one has returned."""
        if not isinstance(stand.place, Finished):
            return stand
        again = self._again(stand.place, stand.attempt)
        if again is not None:
            return self._start(stand.call, again)
        if stand.place.result == 0 and stand.call + 1 < len(self.calls):
            return self._start(stand.call + 1, 1)
        return _Stand(len(self.calls), 1 if self.retry is None else stand.attempt, stand.place)

    def _again(self, place: Finished, attempt: int) -> int | None:
        """The number of the next attempt, None if there is none. Retrying for ever does not count."""
        if place.result != EBUSY or self.retry == 0:
            return None
        if self.retry is None:
            return 1
        return attempt + 1 if attempt <= self.retry else None

    def _advance(self, stand: _Stand, result: int) -> _Stand:
        assert not isinstance(stand.place, Finished)
        runner = self.calls[stand.call].scheme.runner
        return self._settle(stand._replace(place=runner.resume(stand.place, result)))

    def _describe(self, stand: _Stand) -> Position:
        if isinstance(stand.place, Finished):
            return Position(None, stand.place.result, attempt=stand.attempt)
        call, frames = self.calls[stand.call], stand.place
        operation = self._operation(call, frames)
        if operation.object < 0 and operation.action in ("relax", "may_sleep"):
            self._refuse_idle_loop(stand)
        functions = call.scheme.functions
        calls = tuple(functions[f.function].code[f.pc].span for f in frames[:-1])
        top = frames[-1]
        named = [(v.name, value) for v, value in zip(functions[top.function].variables, top.locals, strict=True)]
        variables = tuple((name, self._show(value)) for name, value in named if name and value is not None)
        return Position(operation, None, calls, variables, stand.attempt)

    def _operation(self, call: _Call, frames: tuple[Frame, ...]) -> Operation:
        access, address, operands = call.scheme.runner.access(frames)
        primitive, text = access.primitive, call.scheme.text
        number = -1
        if isinstance(address, Pointer):
            number = self.numbers[address]
        vms: tuple[int, ...] = ()
        if primitive.action in ("enter", "leave"):
            vms = tuple(
                value.vm for value in operands if isinstance(value, Pointer) and not value.path and value.vm >= 0
            )
            if len(vms) != len(operands):
                text.fail(access.span, f"{access.name} takes two VMs, one of these is not a VM")
            operands = ()
        if any(not isinstance(value, int) for value in operands):
            text.fail(access.span, f"{access.name}: a pointer cannot be stored in a shared field")
        values = tuple(value for value in operands if isinstance(value, int))
        subclass = values[0] if primitive.operands == ("subclass",) else 0
        if not 0 <= subclass < SUBCLASSES:
            text.fail(access.span, f"lockdep has subclasses 0 to {SUBCLASSES - 1}, not {subclass}")
        return Operation(
            access.name, primitive.action, access.span, number, () if primitive.operands == ("subclass",) else values,
            primitive.interruptible, primitive.order, subclass, vms,
            self._text(access, number, values, vms), frames[-1].function, call.source,
        )  # fmt: skip

    def _text(self, access: Access, number: int, values: tuple[int, ...], vms: tuple[int, ...]) -> str:
        name = self.names[number] if number >= 0 else ""
        if access.name == "read":
            return f"read {name}"
        if access.name == "write":
            return f"{name} = {values[0]}"
        shown = [name] if name else [self.vms[vm] for vm in vms]
        nested = access.primitive.operands == ("subclass",)
        shown += ["SINGLE_DEPTH_NESTING" if nested and v == 1 else str(v) for v in values]
        where = {"enter": ": enter", "leave": ": leave"}.get(access.primitive.action, "")
        return f"{access.name}({', '.join(shown)}){where}"

    def _show(self, value: int | Pointer | None) -> str:
        if not isinstance(value, Pointer):
            return str(value)
        if not value.path:
            return self.vms[value.vm]
        number = self.numbers.get(value)
        name = (
            self.names[number]
            if number is not None
            else ".".join((*([self.vms[value.vm]] if value.vm >= 0 else []), *value.path))
        )
        return f"&{name}"

    def _refuse_idle_loop(self, stand: _Stand) -> None:
        """Refuse a loop of cpu_relax() and the like that never looks at anything shared."""
        seen = {stand}
        call = stand.call
        place = stand.place
        while not isinstance(place, Finished) and stand.call == call:
            runner = self.calls[call].scheme.runner
            access, _, _ = runner.access(place)
            if access.primitive.kind is not None or access.primitive.action not in ("relax", "may_sleep"):
                return
            stand = self._advance(stand, 0)
            place = stand.place
            if stand in seen:
                runner.text.fail(
                    access.span,
                    "this loop never touches a shared object, so nothing can end it; let it read or lock something shared",
                )
            seen.add(stand)
