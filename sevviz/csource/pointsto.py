"""Where a pointer may point to, wherever in the file it may flow.

A flow-insensitive points-to analysis in the manner of Andersen (1994), on access paths: every variable has the set of
(root, path) that it may point to, where the root is "" for any VM or the name of a file-scope object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.csource.ir import Assign, Call, Expression, Field, Function, Global, Local, Return
from sevviz.csource.values import Location

if TYPE_CHECKING:
    from sevviz.csource.reader import Text

__all__ = ["Flow"]

MAX_DEPTH = 8  # nested members; no kernel field of the thread is deeper than 3


class Flow:
    """The points-to sets of one file."""

    def __init__(self, text: Text, functions: dict[str, Function]) -> None:
        self.text = text
        self.functions = functions
        self.sets: dict[tuple[str, int], set[Location]] = {}  # slot -1: what the function returns
        self.changed = False
        for function in functions.values():
            for slot in range(function.parameters):
                if function.variables[slot].pointee == "kvm":
                    self.sets[function.name, slot] = {Location("", ())}

    def solve(self) -> None:
        """Grow the sets until nothing changes."""
        self.changed = True
        while self.changed:
            self.changed = False
            for function in self.functions.values():
                for instruction in function.code:
                    self._flow(function, instruction)

    def _flow(self, function: Function, instruction: object) -> None:
        match instruction:
            case Assign(slot, value, _):
                self._add((function.name, slot), self.points_to(function, value))
            case Return(value, _) if value is not None:
                self._add((function.name, -1), self.points_to(function, value))
            case Call(callee, arguments, slot, _):
                for number, argument in enumerate(arguments):
                    self._add((callee, number), self.points_to(function, argument))
                if slot is not None:
                    self._add((function.name, slot), self.sets.get((callee, -1), set()))

    def _add(self, variable: tuple[str, int], locations: set[Location]) -> None:
        known = self.sets.setdefault(variable, set())
        if not locations <= known:
            known |= locations
            self.changed = True

    def points_to(self, function: Function, value: Expression) -> set[Location]:
        """What a pointer expression may point to; empty for numbers."""
        match value:
            case Local(slot, _):
                return self.sets.get((function.name, slot), set())
            case Global(name, _):
                return {Location(name, ())}
            case Field(base, member, span):
                found = {Location(root, (*path, member)) for root, path in self.points_to(function, base)}
                if any(len(path) > MAX_DEPTH for _, path in found):
                    self.text.fail(span, f"fields nested more than {MAX_DEPTH} deep; does a loop follow pointers here?")
                return found
        return set()
