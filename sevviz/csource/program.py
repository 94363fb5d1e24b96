"""How a scheme becomes a Program for some tasks: calls parsed, shared objects numbered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevviz.csource.automata import Call, TaskBuilder
from sevviz.csource.builder import suggest
from sevviz.csource.constants import INT_MAX
from sevviz.csource.fields import merged_uses, short_names
from sevviz.csource.reader import FIELD_KEYS
from sevviz.csource.scheme import BYSTANDERS, Scheme, bystander
from sevviz.errors import ScenarioError
from sevviz.model import Program, SharedObject, Source, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.csource.fields import Location, Use

__all__ = ["Settings", "header_words", "make_program", "vm_order"]

_CALL = re.compile(r"\s*(\w+)\s*\(\s*([A-Z]\w*(?:\s*,\s*[A-Z]\w*)*)?\s*\)\s*")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a scenario adds to the calls; see design.md, contract 2."""

    initial: tuple[tuple[str, int], ...] = ()
    signals: bool = False
    retry: int | None = 0  # attempts after the first; None for ever
    cpus: int | None = None
    scenario: str = ""
    weak: bool = False  # memory = "weak"


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
    called = {function for task in calls for s, function, _ in task if s is not scheme}
    schemes = [scheme, *(bystander(function) for function in BYSTANDERS if function in called)]
    objects, numbers = _shared_objects(schemes, vms, settings)
    made = []
    for label, task in zip(tasks, calls, strict=True):
        steps = [Call(s, schemes.index(s), function, tuple(vms.index(v) for v in args)) for s, function, args in task]
        builder = TaskBuilder(tuple(steps), settings.retry, vms, numbers, tuple(o.name for o in objects))
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
    owner = bystander(function) if function in BYSTANDERS and function not in scheme.functions else scheme
    known = [f.name for f in scheme.functions.values() if all(v.pointee == "kvm" for v in f.variables[: f.parameters])]
    if function not in owner.functions or (owner is scheme and function not in known):
        names = list(dict.fromkeys([*known, *BYSTANDERS]))
        has = f"there are {', '.join(names)}{suggest(function, names)}"
        message = f"task {written!r}: no function {function!r} on VMs in {scheme.text.name}; {has}"
        raise ScenarioError(message)
    wanted = owner.functions[function].parameters
    if wanted != len(arguments):
        message = f"task {written!r}: {function} takes {wanted} VM{'s' * (wanted != 1)}, not {len(arguments)}"
        raise ScenarioError(message)
    return owner, function, arguments


def _shared_objects(
    schemes: list[Scheme], vms: tuple[str, ...], settings: Settings
) -> tuple[list[SharedObject], dict[tuple[int, tuple[str, ...]], int]]:
    """The table of objects, and the number of each by (VM number or -1, path)."""
    uses = merged_uses(scheme.uses for scheme in schemes)
    names, own = short_names(list(uses)), short_names(list(schemes[0].uses))
    declared = schemes[0].globals
    named = {key: _named(schemes[0], key, own) for key in FIELD_KEYS}
    objects: list[SharedObject] = []
    numbers: dict[tuple[int, tuple[str, ...]], int] = {}
    for number, vm in enumerate(vms):
        for location, use in uses.items():
            if not location.root:
                numbers[number, location.path] = len(objects)
                name = f"{vm}.{names[location]}"
                marks = {key: not words.isdisjoint({own.get(location), name}) for key, words in named.items()}
                objects.append(SharedObject(name, use.kind, vm, 0, **marks, member=str(use.member or "")))
    for location, use in uses.items():
        if location.root:
            numbers[-1, (location.root,)] = len(objects)
            kept = location.root in named["persistent"]
            objects.append(SharedObject(location.root, use.kind, "", declared[location.root].initial, kept))
    booleans = {o.name for o, use in zip(objects, _in_order(uses, len(vms)), strict=True) if use.boolean}
    return _with_initial(objects, settings, booleans), numbers


def _in_order(uses: dict[Location, Use], vms: int) -> list[Use]:
    """The use behind each object of the table: the fields of each VM, then what is at file scope."""
    fields = [use for location, use in uses.items() if not location.root]
    return fields * vms + [use for location, use in uses.items() if location.root]


def header_words(header: dict[str, str], key: str) -> set[str]:
    """The fields that a line of the header names."""
    return {word for word in re.split(r"[,\s]+", header.get(key, "")) if word}


def _named(scheme: Scheme, key: str, own: dict[Location, str]) -> set[str]:
    """The fields that a line of the header names; refuses what is not there, or no such lock of every VM.

    They go by the names that they have in the scheme alone: a bystander beside it may have a field of the same name.
    """
    words, kinds = header_words(scheme.header, key), FIELD_KEYS[key]
    names = [own[at] for at, use in scheme.uses.items() if not kinds or (not at.root and use.kind in kinds)]
    for word in sorted(words - set(names)):
        # One VM's field may be named too, where VMs can differ; a VM that this scenario does not have is no mistake.
        if kinds or re.sub(r"^[A-Z]\w*\.", "", word) not in names:
            what = f"is no {' or '.join(kinds)} of a VM" if kinds else "is not in the scheme"
            has = f"there are {', '.join(names) or 'none'}{suggest(word, names)}"
            message = f"{scheme.text.name}: the header's {key} field {word!r} {what}; {has}"
            raise ScenarioError(message)
    several = {own[at] for at, use in scheme.uses.items() if use.member} if key == "ordered" else set()
    for word in sorted(words & several):
        message = f"{scheme.text.name}: the header's {key} field {word!r} is in a struct that a VM has several of"
        raise ScenarioError(f"{message}: their order in memory is not known")
    return words


def _with_initial(objects: list[SharedObject], settings: Settings, booleans: set[str]) -> list[SharedObject]:
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
        if not -INT_MAX - 1 <= value <= INT_MAX:
            raise ScenarioError(f"initial: {name} = {value} does not fit an int (at most {INT_MAX})")
        if name in booleans and value not in (0, 1):
            raise ScenarioError(f"initial: {name} = {value}, but it is a bool: 0 or 1")
        result[by_name[name]] = o._replace(initial=value)
    return result
