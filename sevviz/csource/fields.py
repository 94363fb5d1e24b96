"""What each field is: follows from the primitives used on it, wherever in the file a pointer to it may flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.ir import Access, Function, GlobalObject
from sevviz.csource.pointers import ACCESSORS
from sevviz.csource.pointsto import Flow
from sevviz.csource.values import Location
from sevviz.model import PLAIN, Kind, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

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


class Member(NamedTuple):
    """A member of a struct with a name: `mutex` of `struct kvm_vcpu`."""

    struct: str
    path: Path

    @property
    def pointer(self) -> str:
        """What the struct's initialiser calls its argument: "vcpu" for a struct kvm_vcpu, as the kernel does."""
        return "vcpu" if self.struct == "kvm_vcpu" else self.struct

    @property
    def initialised(self) -> str:
        """The text that the member is initialised with: "&vcpu->mutex"."""
        return f"&{self.pointer}->{'.'.join(self.path)}"

    def __str__(self) -> str:
        return f"{self.struct}->{'.'.join(self.path)}"


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
    _spread_bools(uses, [*_choices(flow), *structs.values()])
    _check_nest_locks(flow, uses)
    return {location: use._replace(member=_member(structs, location)) for location, use in uses.items()}


def _check_nest_locks(flow: Flow, uses: dict[Location, Use]) -> None:
    """Refuse a nest lock that is no lock: the uses elsewhere tell what it is."""
    for function in flow.functions.values():
        for access in function.code:
            if not isinstance(access, Access) or access.primitive.operands != ("nest lock",):
                continue
            for place in sorted(flow.points_to(function, access.operands[0])):
                if place not in uses or uses[place].kind not in ("mutex", "spinlock"):
                    shown = place.root or "->".join(("kvm", ".".join(place.path))).removesuffix("->")
                    message = f"{shown} is no lock that the scheme takes, so nobody here can hold it as a nest lock"
                    flow.text.fail(access.span, f"{message}: {access.name}(&inner, &outer) is for who holds outer")


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
    return [
        places
        for (name, slot), places in flow.sets.items()
        if slot >= 0 and flow.functions[name].variables[slot].pointee == "?"
    ]


def _structs(flow: Flow) -> dict[str, set[Location]]:
    """The structs that have a name, and the places that pointers to each point to."""
    structs: dict[str, set[Location]] = {"kvm_sev_info": {Location("", ACCESSORS["to_kvm_sev_info"])}}
    for (name, slot), places in flow.sets.items():
        function = flow.functions[name]
        pointee = function.variables[slot].pointee if slot >= 0 else function.result.removesuffix(" *")
        if pointee not in ("", "?", "void") and pointee not in POINTEES:
            structs.setdefault(pointee, set()).update(places)
            other, shared = _two_structs(structs, pointee)
            if other:
                span = function.variables[slot].span if slot >= 0 else function.span
                message = f"this struct {pointee} * may point to {shared}, which is a struct {other}"
                flow.text.fail(span, f"{message}: one of the two is wrong")
    return structs


def _two_structs(structs: dict[str, set[Location]], pointee: str) -> tuple[str, str]:
    """Another struct that one of its places is too, and that place; ("", "") if there is none."""
    for other, places in structs.items():
        both = sorted(places & structs[pointee])
        if other != pointee and both:
            return other, both[0].root or f"kvm->{'.'.join(both[0].path)}"
    return "", ""


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
        shown = location.root or f"kvm->{'.'.join(location.path)}"
        message = f"{shown} is {_words(use)} here ({use.by}) but {_words(first)} {_place(first)}"
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
