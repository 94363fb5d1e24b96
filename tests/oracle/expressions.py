"""C expressions as Python generators: each step is yielded, and what it read is sent back.

Every value that matters while a task is suspended lives in a local variable of some generator (never in a
half-evaluated Python expression, never in a running for loop), so that a snapshot of the frames sees all of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

from .frontend import Function, Node, Scheme
from .primitives import is_primitive, operation, takes_a_place
from .values import Operation, Pointer, Value, constant

Steps = Generator[Operation, Value, Any]


class Expressions(ABC):
    """One call of one function, as far as its expressions go; ``run`` comes with the statements."""

    def __init__(self, scheme: Scheme, function: Function, arguments: list[Value]) -> None:
        """Bind the arguments to the parameters."""
        self.scheme = scheme
        self.function = function
        self.variables: dict[str, Value] = {}
        for name, value in zip(function.parameters, arguments, strict=True):
            self.store_variable(name, value)

    @abstractmethod
    def run(self) -> Steps:
        """Run the function's body to its return value."""

    def store_variable(self, name: str, value: Value) -> Value:
        """Give a local variable its value; a bool becomes 0 or 1."""
        self.variables[name] = int(value != 0) if name in self.function.bools else value
        return self.variables[name]

    def evaluate(self, node: Node) -> Steps:
        """Return the value of an expression, making its steps from left to right."""
        method: Callable[[Node], Steps] = getattr(self, "_" + type(node).__name__.lower())
        return (yield from method(node))

    def _constant(self, node: Node) -> Steps:
        yield from ()
        return int(node.value.rstrip("lL"), 0)  # all is signed here: a u is an error

    def _id(self, node: Node) -> Steps:
        number = constant(node.name)
        if node.name not in self.variables and number is not None:
            return number
        return (yield from self._load(node))

    def _structref(self, node: Node) -> Steps:
        return (yield from self._load(node))

    def _decl(self, node: Node) -> Steps:
        value: Value = 0
        if node.init is not None:
            value = yield from self.evaluate(node.init)
        return self.store_variable(node.name, value)

    def _cast(self, node: Node) -> Steps:
        return (yield from self.evaluate(node.expr))

    def _exprlist(self, node: Node) -> Steps:
        index, value = 0, 0
        while index < len(node.exprs):
            value = yield from self.evaluate(node.exprs[index])
            index += 1
        return value

    def _ternaryop(self, node: Node) -> Steps:
        condition = yield from self.evaluate(node.cond)
        return (yield from self.evaluate(node.iftrue if condition != 0 else node.iffalse))

    def _binaryop(self, node: Node) -> Steps:
        left = yield from self.evaluate(node.left)
        if node.op == "&&" and left == 0:
            return 0
        if node.op == "||" and left != 0:
            return 1
        right = yield from self.evaluate(node.right)
        return int(right != 0) if node.op in ("&&", "||") else arithmetic(node.op, left, right)

    def _unaryop(self, node: Node) -> Steps:
        if node.op == "&":
            return (yield from self._place(node.expr))
        if node.op == "*":
            return (yield from self._load(node))
        if node.op in ("++", "--", "p++", "p--"):
            return (yield from self._count(node))
        value = yield from self.evaluate(node.expr)
        return {"!": int(value == 0), "-": 0 if isinstance(value, Pointer) else -value, "+": value}[node.op]

    def _count(self, node: Node) -> Steps:
        place = yield from self._place(node.expr)
        before = yield from self._read(place, node)
        after = before + (1 if "+" in node.op else -1)
        yield from self._write(place, after, node)
        return before if node.op.startswith("p") else after

    def _assignment(self, node: Node) -> Steps:
        value = yield from self.evaluate(node.rvalue)
        place = yield from self._place(node.lvalue)
        if node.op != "=":
            before = yield from self._read(place, node)
            value = arithmetic(node.op[:-1], before, value)
        return (yield from self._write(place, value, node))

    def _funccall(self, node: Node) -> Steps:
        name = node.name.name
        arguments: list[Value] = []
        nodes = node.args.exprs if node.args is not None else []
        while len(arguments) < len(nodes):
            argument = nodes[len(arguments)]
            by_place = takes_a_place(name) and not arguments
            value = yield from self._place(argument) if by_place else self.evaluate(argument)
            arguments.append(value)
        return (yield from self._called(name, arguments, node))

    def _called(self, name: str, arguments: list[Value], node: Node) -> Steps:
        if name == "to_kvm_svm":
            return arguments[0]
        if name == "to_kvm_sev_info":
            machine = arguments[0]
            return Pointer(machine.vm, (*machine.path, "sev_info")) if isinstance(machine, Pointer) else 0
        if name == "sev_migrate_from":
            yield Operation("enter", None, tuple(arguments), node.coord.line)
            yield Operation("leave", None, tuple(arguments), node.coord.line)
            return 0
        if is_primitive(name):
            step = operation(name, arguments, node.coord.line)
            if step.kind == "write":
                step = replace(step, operands=(self._stored(arguments[0], arguments[1]),))
            return (yield step)
        return (yield from type(self)(self.scheme, self.scheme.functions[name], arguments).run())

    def _place(self, node: Node) -> Steps:
        """Return where an lvalue is: the address of a shared object, or the name of a local variable."""
        kind = type(node).__name__
        if kind == "UnaryOp":
            return (yield from self.evaluate(node.expr))
        if kind == "ID":
            return Pointer("", (node.name,)) if node.name in self.scheme.globals else node.name
        is_arrow = node.type == "->"
        base = yield from self.evaluate(node.name) if is_arrow else self._place(node.name)
        return Pointer(base.vm, (*base.path, node.field.name))

    def _load(self, node: Node) -> Steps:
        place = yield from self._place(node)
        return (yield from self._read(place, node))

    def _read(self, place: Pointer | str, node: Node) -> Steps:
        if isinstance(place, str):
            return self.variables[place]
        return (yield Operation("read", place.name, (), node.coord.line))

    def _stored(self, place: Value, value: Value) -> Value:
        """Return what a store leaves: a bool holds 0 or 1."""
        is_bool = isinstance(place, Pointer) and place.path[-1] in self.scheme.bool_places
        return int(value != 0) if is_bool else value

    def _write(self, place: Pointer | str, value: Value, node: Node) -> Steps:
        if isinstance(place, str):
            return self.store_variable(place, value)
        stored = self._stored(place, value)
        yield Operation("write", place.name, (stored,), node.coord.line)
        return stored


def arithmetic(operator: str, left: Value, right: Value) -> int:
    """Return what a binary operator of contract 1 makes of two values; pointers compare by address."""
    if operator in ("==", "!="):
        return int((left == right) == (operator == "=="))
    if isinstance(left, Pointer) and isinstance(right, Pointer):
        assert left == right or "" != left.vm != right.vm != "", "C does not say which of the two is the lower"
        low, high = (left, right) if operator.startswith("<") else (right, left)
        return int(low < high or (operator.endswith("=") and low == high))
    assert isinstance(left, int)
    assert isinstance(right, int)
    table: dict[str, int] = {
        "<": left < right,
        ">": left > right,
        "<=": left <= right,
        ">=": left >= right,
        "+": left + right,
        "-": left - right,
    }
    return int(table[operator])
