"""C statements as Python generators. A goto runs the body again, skipping to the label: slow and plain."""

from typing import Any

from .expressions import Expressions, Steps
from .frontend import Node
from .values import Value

Signal = tuple[str, Any] | None
"""How a statement ended: None (execution falls through), or ("break" | "continue" | "goto" | "return", what)."""


class Activation(Expressions):
    """One call of one function. ``seek`` is the label to skip to; nothing before it is run."""

    def run(self) -> Steps:
        """Run the function's body to its return value."""
        signal: Signal = yield from self._execute(self.function.body, None)
        while signal is not None and signal[0] == "goto":
            signal = yield from self._execute(self.function.body, signal[1])
        value = 0 if signal is None or signal[1] is None else signal[1]
        return int(value != 0) if self.function.returns_bool else value

    def _execute(self, node: Node, seek: str | None) -> Steps:
        kind = type(node).__name__.lower()
        if kind in ("break", "continue", "emptystatement"):
            return None if kind == "emptystatement" else (kind, None)
        if kind == "goto":
            return ("goto", node.name)
        if kind == "return":
            value = yield from self._maybe(node.expr)
            return ("return", value)
        method = getattr(self, "_do_" + kind, None)
        if method is not None:
            return (yield from method(node, seek))
        yield from self.evaluate(node)
        return None

    def _maybe(self, node: Node) -> Steps:
        if node is None:
            return None
        return (yield from self.evaluate(node))

    def _do_compound(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._sequence(node.block_items or [], seek))

    def _sequence(self, nodes: list[Node], seek: str | None) -> Steps:
        index = 0
        while index < len(nodes):
            if seek is None or contains(nodes[index], seek):
                signal = yield from self._execute(nodes[index], seek)
                seek = None
                if signal is not None:
                    return signal
            index += 1
        return None

    def _do_decllist(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._sequence(node.decls, seek))

    def _do_label(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._execute(node.stmt, None if seek == node.name else seek))

    def _do_if(self, node: Node, seek: str | None) -> Steps:
        if seek is not None:
            chosen = node.iftrue if contains(node.iftrue, seek) else node.iffalse
        else:
            condition = yield from self.evaluate(node.cond)
            chosen = node.iftrue if condition != 0 else node.iffalse
        if chosen is None:
            return None
        return (yield from self._execute(chosen, seek))

    def _do_while(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._loop(node, seek, tested_first=True, after=None))

    def _do_dowhile(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._loop(node, seek, tested_first=False, after=None))

    def _do_for(self, node: Node, seek: str | None) -> Steps:
        if seek is None and node.init is not None:
            yield from self._execute(node.init, None)
        return (yield from self._loop(node, seek, tested_first=True, after=node.next))

    def _loop(self, node: Node, seek: str | None, *, tested_first: bool, after: Node) -> Steps:
        tested = tested_first and seek is None
        while True:
            if tested and node.cond is not None:
                condition = yield from self.evaluate(node.cond)
                if condition == 0:
                    return None
            tested = True
            signal = yield from self._execute(node.stmt, seek)
            seek = None
            if signal is not None and signal[0] != "continue":
                return None if signal[0] == "break" else signal
            if after is not None:
                yield from self.evaluate(after)

    def _do_switch(self, node: Node, seek: str | None) -> Steps:
        cases = node.stmt.block_items or []
        first = 0
        if seek is None:
            value = yield from self.evaluate(node.cond)
            first = yield from self._matching_case(cases, value)
        signal = yield from self._sequence(cases[first:], seek)
        return None if signal is not None and signal[0] == "break" else signal

    def _matching_case(self, cases: list[Node], value: Value) -> Steps:
        index, default = 0, len(cases)
        while index < len(cases):
            if type(cases[index]).__name__ == "Default":
                default = index
            else:
                label = yield from self.evaluate(cases[index].expr)
                if label == value:
                    return index
            index += 1
        return default

    def _do_case(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._sequence(node.stmts, seek))

    def _do_default(self, node: Node, seek: str | None) -> Steps:
        return (yield from self._sequence(node.stmts, seek))


def contains(node: Node, label: str) -> bool:
    """Tell whether a label stands somewhere in this statement."""
    if node is None:
        return False
    own = type(node).__name__ == "Label" and node.name == label
    return own or any(contains(child, label) for _, child in node.children())
