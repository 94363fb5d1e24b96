"""What each field is: follows from the primitives used on it, wherever in the file a pointer to it may flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.ir import Access, Function, GlobalObject
from sevviz.csource.pointers import ACCESSORS
from sevviz.csource.pointsto import Flow
from sevviz.csource.values import Location, Member
from sevviz.model import PLAIN, Kind, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sevviz.csource.reader import Text

__all__ = ["Location", "Use", "infer_kinds", "short_names"]

POINTEES: dict[str, Kind] = {
    "mutex": "mutex", "spinlock_t": "spinlock", "atomic_t": "atomic", "bool": "plain", "int": "plain",
}  # fmt: skip
_WORDS: dict[Kind, str] = {
    "mutex": "a mutex",
    "spinlock": "a spinlock",
    "atomic": "an atomic_t",
    "plain": "a bool or int",
}

Path = tuple[str, ...]


class Use(NamedTuple):
    """The first use that told what a location is."""

    kind: Kind
    text: Text
    span: Span
    by: str  # the primitive or declaration
    boolean: bool | None = None  # whether a plain field holds 0 and 1 only; None: not told, so it is an int
    member: Member | None = None  # where several fields of a VM are structs of one name: which member of it


def infer_kinds(text: Text, functions: dict[str, Function], objects: dict[str, GlobalObject]) -> dict[Location, Use]:
    """The kind of every field and file-scope object, in the order of the text; two different uses are an error."""
    flow = Flow(text, functions)
    flow.solve()
    uses: dict[Location, Use] = {}
    for declared in objects.values():
        boolean = declared.boolean if declared.kind == PLAIN else None
        uses[Location(declared.name, ())] = Use(declared.kind, text, declared.span, "declared", boolean)
    found = [use for function in functions.values() for use in _uses(flow, function)]
    for location, use in sorted(found, key=lambda pair: (pair[1].span, pair[0])):
        note_use(uses, location, use)
    structs = _structs(flow)
    _check_structs(flow, structs)
    _spread_bools(uses, [*_choices(flow), *structs.values()])
    _check_nest_locks(flow, uses)
    return {location: use._replace(member=_member(structs, location)) for location, use in uses.items()}


def _check_nest_locks(flow: Flow, uses: dict[Location, Use]) -> None:
    """Refuse a nest lock that is no lock: the uses elsewhere tell what it is."""
    for function in flow.functions.values():
        for access in function.code:
            if not isinstance(access, Access) or not access.primitive.under_nest_lock:
                continue
            for place in sorted(flow.points_to(function, access.operands[0])):
                if place not in uses or uses[place].kind not in ("mutex", "spinlock"):
                    why = "is no lock that the scheme takes, so nobody here can hold it as a nest lock"
                    usage = f"{access.name}(&inner, &outer) is for who holds outer"
                    flow.text.fail(access.span, f"{_shown(place)} {why}: {usage}")


def _member(structs: dict[str, set[Location]], location: Location) -> Member | None:
    """The member that a field is, if it is in a struct that a VM has several of: the innermost such struct."""
    found = [
        (len(base.path), name, location.path[len(base.path) :])
        for name, places in structs.items()
        if len({place.path for place in places if not place.root}) > 1
        for base in places
        if not base.root and not location.root and base.path == location.path[: len(base.path)] != location.path
    ]
    return Member(*max(found)[1:]) if found else None


def _choices(flow: Flow) -> list[set[Location]]:
    """What one `?:` may be the address of: places of one type."""
    return [places for pointee, _, places in _pointers(flow) if pointee == "?"]


def _structs(flow: Flow) -> dict[str, set[Location]]:
    """The structs that have a name, and the places that pointers to each point to."""
    structs: dict[str, set[Location]] = {"kvm_sev_info": {Location("", ACCESSORS["to_kvm_sev_info"])}}
    for pointee, _, places in _pointers(flow):
        if pointee not in ("", "?", "void") and pointee not in POINTEES:
            structs.setdefault(pointee, set()).update(places)
    return structs


def _pointers(flow: Flow) -> Iterator[tuple[str, Span, set[Location]]]:
    """What each variable and result is declared to point to, where, and the places that it may point to."""
    for (name, slot), places in flow.sets.items():
        function = flow.functions[name]
        if slot >= 0:
            yield function.variables[slot].pointee, function.variables[slot].span, places
        else:
            yield function.result.removesuffix(" *"), function.span, places


def _check_structs(flow: Flow, structs: dict[str, set[Location]]) -> None:
    """Refuse a place that is two structs."""
    names: dict[Location, str] = {}
    for name, places in structs.items():
        for place in places:
            names.setdefault(place, name)
    for pointee, span, places in _pointers(flow):
        wrong = sorted(place for place in places if pointee in structs and names[place] != pointee)
        if wrong:
            message = f"this struct {pointee} * may point to {_shown(wrong[0])}, which is a struct {names[wrong[0]]}"
            flow.text.fail(span, f"{message}: one of the two is wrong")


def _spread_bools(uses: dict[Location, Use], groups: list[set[Location]]) -> None:
    """Make bools of the fields that are the same member, or the same choice, as one that is known to be a bool."""
    news = [location for location, use in uses.items() if use.boolean]
    while news:
        told = news.pop()
        for group in groups:
            for base in sorted(group):
                if told.root != base.root or told.path[: len(base.path)] != base.path:
                    continue
                rest = told.path[len(base.path) :]
                twins = [Location(root, (*path, *rest)) for root, path in sorted(group)]
                for twin in [twin for twin in twins if twin in uses and not uses[twin].boolean]:
                    note_use(uses, twin, uses[told])
                    news.append(twin)


def _uses(flow: Flow, function: Function) -> list[tuple[Location, Use]]:
    found = []
    for slot, variable in enumerate(function.variables):
        by = f"pointed to by {variable.name!r}, declared" if variable.name else "pointed to"
        found += _pointed_to(flow, function, slot, variable.pointee, Use(PLAIN, flow.text, variable.span, by))
    result = Use(PLAIN, flow.text, function.span, f"pointed to by the result of {function.name}, declared")
    found += _pointed_to(flow, function, -1, function.result.removesuffix(" *"), result)
    for access in function.code:
        if isinstance(access, Access) and access.address is not None:
            kind = access.primitive.kind or PLAIN
            use = Use(kind, flow.text, access.span, access.name)
            found += [(place, use) for place in flow.points_to(function, access.address)]
    return found


def _pointed_to(flow: Flow, function: Function, slot: int, pointee: str, use: Use) -> list[tuple[Location, Use]]:
    """What a pointer's declaration tells of the places that it may point to."""
    for location in sorted(flow.sets.get((function.name, slot), ())):
        is_vm = location == Location("", ())
        if pointee not in ("", "?") and is_vm != (pointee == "kvm"):
            where = "a VM" if is_vm else repr(".".join(location.path) or location.root)
            what = "a struct kvm" if is_vm else "no struct kvm"
            shown = pointee if pointee in ("spinlock_t", "atomic_t", "int", "bool") else f"struct {pointee}"
            flow.text.fail(use.span, f"this {shown} * may point to {where}, which is {what}: one of the two is wrong")
    kind = POINTEES.get(pointee)
    if kind is None:
        return []
    use = use._replace(kind=kind, boolean=pointee == "bool" if kind == PLAIN else None)
    return [(place, use) for place in flow.sets.get((function.name, slot), ())]


def note_use(uses: dict[Location, Use], location: Location, use: Use) -> None:
    """Keep the first use of a location; a use as something else is an error that names both places."""
    if not location.root and not location.path:
        use.text.fail(use.span, f"{use.by} is used on a VM itself; it works on a field, as in &kvm->lock")
    _refuse_member(uses, location, use)
    first = uses.setdefault(location, use)
    if first.kind != use.kind or (first.boolean != use.boolean and None not in (first.boolean, use.boolean)):
        message = f"{_shown(location)} is {_words(use)} here ({use.by}) but {_words(first)} {_place(first)}"
        use.text.fail(use.span, f"{message}: one of the two is wrong")
    if first.boolean is None:
        uses[location] = first._replace(boolean=use.boolean)


def _refuse_member(uses: dict[Location, Use], location: Location, use: Use) -> None:
    """Refuse a member of what is no struct: a lock's inside is its own, and an int has none."""
    for other, first in uses.items():
        shorter, longer = sorted((location.path, other.path), key=len)
        if other.root != location.root or shorter == longer or longer[: len(shorter)] != shorter:
            continue
        outer, inner = (".".join(path) or location.root for path in (shorter, longer))
        if other.path == shorter:
            message = f"{inner!r}: {outer!r} is {_words(first)} {_place(first)}, so it has no members"
        else:
            message = f"{outer!r} is {_words(use)} here ({use.by}), but it has a member {inner!r} {_place(first)}"
        use.text.fail(use.span, f"{message}: one of the two is wrong")


def _shown(location: Location) -> str:
    """A place as C has it: "kvm->lock", or the name of what is at file scope."""
    member = f"->{'.'.join(location.path)}" if location.path else ""
    return location.root or f"kvm{member}"


def _place(use: Use) -> str:
    return f"at {use.text.name}:{use.span.line}:{use.span.column} ({use.by})"


def _words(use: Use) -> str:
    return {True: "a bool", False: "an int", None: _WORDS[use.kind]}[use.boolean]


def merged_uses(parts: Iterable[dict[Location, Use]]) -> dict[Location, Use]:
    """What each place is for schemes side by side; raises SchemeError where they do not agree."""
    uses: dict[Location, Use] = {}
    for part in parts:
        for location, use in part.items():
            note_use(uses, location, use)
    return uses


def short_names(locations: list[Location]) -> dict[Location, str]:
    """The name of each field as people say it: `svm->sev_info.x` is "x", unless the VM has an x of its own too."""
    names: dict[Location, str] = {}
    taken = {location.path for location in locations if not location.root}
    for location in locations:
        path = location.path
        bare = tuple(member for member in path if member not in ("svm", "sev_info")) or path
        clash = bare != path and (bare in taken or bare in {n for p, n in _bare(taken) if p != path})
        names[location] = location.root or ".".join(path if clash else bare)
    return names


def _bare(paths: set[Path]) -> list[tuple[Path, Path]]:
    return [(path, tuple(member for member in path if member not in ("svm", "sev_info"))) for path in paths]
