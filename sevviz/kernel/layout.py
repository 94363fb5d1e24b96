"""The structs that a scheme's fields live in: declarations for a C compiler, inferred from the lowered code.

sevviz needs no declarations, a compiler does. Each pointer variable names a struct (`struct kvm_sev_info *sev`); what
is reached through it by `->` and `.` are its members, and the primitives used on them tell what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from sevviz.csource.ir import Access, Assign, Call, Expression, Field, Function, Local, Return
from sevviz.errors import SevvizError
from sevviz.model import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.csource import Scheme

__all__ = ["Layout", "infer_layout"]

VM = "kvm"
C_TYPES = {"mutex": "struct mutex", "spinlock": "spinlock_t", "atomic": "atomic_t", "plain": "int"}
OBJECT_POINTEES = {"mutex": "struct mutex", **{name: name for name in ("spinlock_t", "atomic_t", "int", "bool")}}
Path = tuple[str, ...]
# What the accessors of arch/x86/kvm/svm/svm.h lead to.
ACCESSORS: dict[tuple[str, Path], str] = {(VM, ("svm",)): "kvm_svm", ("kvm_svm", ("sev_info",)): "kvm_sev_info"}


class Chain(NamedTuple):
    """A member chain `base->a.b` from a pointer to `struct tag`."""

    tag: str
    path: Path


@dataclass
class Layout:
    """Struct tags with their members: a C type for a leaf, a tag for a struct that has a name, or a nested layout."""

    aliases: dict[tuple[str, Path], str] = field(default_factory=lambda: dict(ACCESSORS))
    leaves: dict[tuple[str, Path], str] = field(default_factory=dict)  # canonical chain -> C type

    def canonical(self, chain: Chain) -> Chain:
        """The same place, from the innermost struct that has a tag."""
        tag, path = chain.tag, Path()
        for member in chain.path:
            path = (*path, member)
            if (tag, path) in self.aliases:
                tag, path = self.aliases[tag, path], Path()
        return Chain(tag, path)

    def add_leaf(self, chain: Chain, c_type: str) -> None:
        """A member of type `c_type`; raises SevvizError where it is something else too."""
        place = self.canonical(chain)
        known = self.leaves.setdefault((place.tag, place.path), c_type)
        if known != c_type and {known, c_type} != {"int", "bool"}:
            name = "->".join((place.tag, ".".join(place.path)))
            message = f"struct {name} would be both {known} and {c_type}: no C compiler takes this"
            raise SevvizError(message)

    @property
    def tags(self) -> list[str]:
        """All struct tags, inner structs first."""
        listed: list[str] = []

        def visit(tag: str, above: Path) -> None:
            if tag in above:
                message = f"struct {tag} would contain itself; sevviz knows fields, not pointers between objects"
                raise SevvizError(message)
            for (outer, _), inner in sorted(self.aliases.items()):
                if outer == tag:
                    visit(inner, (*above, tag))
            if tag not in listed:
                listed.append(tag)

        for tag in [VM, *sorted({tag for tag, _ in self.leaves} | set(self.aliases.values()))]:
            visit(tag, ())
        return listed

    def declarations(self) -> str:
        """The structs as C."""
        return "\n".join(f"struct {tag} {{\n{self._members(tag, (), 1)}}};\n" for tag in self.tags)

    def _members(self, tag: str, above: Path, depth: int) -> str:
        indent = "\t" * depth
        typed = [(path, c_type) for (outer, path), c_type in self.leaves.items() if outer == tag]
        typed += [(path, f"struct {inner}") for (outer, path), inner in self.aliases.items() if outer == tag]
        here = [(path[len(above) :], c_type) for path, c_type in typed if path[: len(above)] == above]
        lines = []
        for member in dict.fromkeys(path[0] for path, _ in here if path):
            leaf = next((c_type for path, c_type in here if path == (member,)), None)
            if leaf is None:
                leaf = f"struct {{\n{self._members(tag, (*above, member), depth + 1)}{indent}}}"
            lines.append(f"{indent}{leaf} {member};\n")
            if leaf == "spinlock_t":
                # On one CPU and without debugging a spinlock is nothing at all; it is told apart by its address.
                lines.append(f"{indent}char sevviz_{member};\n")
        return "".join(lines)


def infer_layout(scheme: Scheme, *others: Scheme) -> Layout:
    """The structs of a scheme, with what `others`, the bystanders beside it, use of a VM."""
    types = _Types(scheme.functions)
    layout = Layout()
    facts = [fact for function in scheme.functions.values() for fact in types.facts(function)]
    for chain, pointee in facts:
        place = layout.canonical(chain)
        if pointee not in OBJECT_POINTEES and place.path:
            layout.aliases[place.tag, place.path] = pointee
    for chain, pointee in facts:
        if pointee in OBJECT_POINTEES:
            layout.add_leaf(chain, OBJECT_POINTEES[pointee])
    for location, use in (item for part in (scheme, *others) for item in part.uses.items()):
        if not location.root:
            layout.add_leaf(Chain(VM, location.path), "bool" if use.boolean else C_TYPES[use.kind])
    for function in scheme.functions.values():
        for access in function.code:
            reached = types.chain(function, access.address) if isinstance(access, Access) else None
            if isinstance(access, Access) and reached is not None and reached.path:
                layout.add_leaf(reached, C_TYPES[access.primitive.kind or PLAIN])
    return layout


class _Types:
    """What each pointer points to, as far as declarations and assignments tell."""

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = functions
        self.pointees = {(f.name, slot): v.pointee for f in functions.values() for slot, v in enumerate(f.variables)}
        for function in functions.values():
            for target, value in self._flows(function):
                # A temporary has no declaration: it is of the type of the variable that it goes to.
                if isinstance(value, Local) and self.pointees[function.name, value.slot] == "?":
                    self.pointees[function.name, value.slot] = target

    def chain(self, function: Function, value: Expression | None) -> Chain | None:
        """The member chain of an address, None for anything else."""
        match value:
            case Local(slot, _):
                pointee = self.pointees[function.name, slot]
                return Chain(pointee, ()) if pointee not in ("", "?") else None
            case Field(base, member, _):
                inner = self.chain(function, base)
                return Chain(inner.tag, (*inner.path, member)) if inner else None
        return None

    def facts(self, function: Function) -> Iterator[tuple[Chain, str]]:
        """(member chain, what it is) for every address that goes into a declared pointer."""
        for pointee, value in self._flows(function):
            chain = self.chain(function, value)
            if chain is not None and chain.path and pointee not in ("", "?"):
                yield chain, pointee

    def _flows(self, function: Function) -> Iterator[tuple[str, Expression]]:
        for instruction in function.code:
            match instruction:
                case Assign(slot, value, _):
                    yield self.pointees[function.name, slot], value
                case Call(callee, arguments, _, _):
                    for slot, argument in enumerate(arguments):
                        yield self.pointees[callee, slot], argument
                case Return(value, _) if value is not None:
                    yield function.result.removesuffix(" *") if function.result.endswith(" *") else "", value
