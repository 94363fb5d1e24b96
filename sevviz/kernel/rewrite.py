"""Puts a schedule point in front of every step of a C text, at the front end's exact spans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevviz.csource.expressions import operator_of, part
from sevviz.csource.ir import Access
from sevviz.csource.reader import parse
from sevviz.primitives import PRIMITIVES

if TYPE_CHECKING:
    from tree_sitter import Node

    from sevviz.csource import Scheme

__all__ = ["Rewriter"]

LOCK_TYPES = {"struct mutex": "mutex_init", "spinlock_t": "spin_lock_init"}


@dataclass
class Rewriter:
    """One C text on its way to the kernel."""

    scheme: Scheme
    loose: list[str]  # initialisers of file-scope locks that no DEFINE_ macro initialises

    def __post_init__(self) -> None:
        code = [access for function in self.scheme.functions.values() for access in function.code]
        steps = [access for access in code if isinstance(access, Access)]
        self.text = self.scheme.text
        self.reads = {access.span for access in steps if access.name == "read"}
        self.writes = {access.span for access in steps if access.name == "write"}

    def file(self) -> str:
        """The whole text, its lines numbered as in the scheme file."""
        root = parse(self.text)
        name = re.sub(r'["\\]', "_", self.text.name)
        body = "".join(self._gap(root, i) + self._top(child) for i, child in enumerate(root.children))
        return f'#line 1 "{name}"\n{body}\n'

    def _gap(self, parent: Node, index: int) -> str:
        """What stands between a child and the one before it."""
        start = parent.children[index - 1].end_byte if index else parent.start_byte if parent.parent else 0
        return self.text.data[start : parent.children[index].start_byte].decode()

    def _top(self, node: Node) -> str:
        if node.type == "preproc_include":
            return "\n" * self.text.of(node).count("\n")  # runner.h includes what is needed
        emitted = self.emit(node)
        if node.type in ("function_definition", "declaration"):
            self._note_loose_lock(node)
            # Many schemes go into one kernel, so no name of theirs may be seen outside.
            words = [child for child in node.children if child.type == "storage_class_specifier"]
            if not any(self.text.of(word) == "static" for word in words):
                return f"static __maybe_unused {emitted}"
            return emitted.replace("static", "static __maybe_unused", 1)
        return emitted

    def _note_loose_lock(self, node: Node) -> None:
        maker = LOCK_TYPES.get(self.text.of(part(node, "type")))
        if maker and node.type == "declaration":
            for declarator in node.children_by_field_name("declarator"):
                if declarator.type == "identifier":
                    self.loose.append(f"if (!kvm)\n\t\t{maker}(&{self.text.of(declarator)});")

    def emit(self, node: Node) -> str:
        """A node as C with schedule points; as many lines as the original."""
        written = self._step(node)
        if written is None:
            if not node.children:
                return self.text.of(node)
            return "".join(self._gap(node, i) + self.emit(child) for i, child in enumerate(node.children))
        return written + "\n" * (self.text.of(node).count("\n") - written.count("\n"))

    def _step(self, node: Node) -> str | None:
        """The expression in the place of one that takes a step, None where there is nothing to do."""
        span = self.text.span(node)
        match node.type:
            case "call_expression":
                return self._call(node)
            case "assignment_expression" if span in self.writes:
                return self._assignment(node)
            case "update_expression" if span in self.writes:
                name = "SEVVIZ_PRE" if node.children[0].type in ("++", "--") else "SEVVIZ_POST"
                operand = part(node, "argument")
                places = f"{self._where(operand)}, {self._where(node)}"
                return f"{name}({places}, {self.emit_parts(operand)}, {operator_of(node)[0]})"
            case "field_expression" | "identifier" | "pointer_expression" if span in self.reads:
                return f"SEVVIZ_READ({self._where(node)}, {self.emit_parts(node)})"
        return None

    def emit_parts(self, node: Node) -> str:
        """A place: its parts may take steps, it itself is not read."""
        while node.type == "parenthesized_expression":
            node = next(child for child in node.named_children if child.type != "comment")
        if not node.children:
            return self.text.of(node)
        return "".join(self._gap(node, i) + self.emit(child) for i, child in enumerate(node.children))

    def _assignment(self, node: Node) -> str:
        left, right, operator = part(node, "left"), part(node, "right"), operator_of(node)
        place, value = self.emit_parts(left), self.emit(right)
        if operator == "=":
            return f"SEVVIZ_WRITE({self._where(node)}, {place}, {value})"
        return f"SEVVIZ_UPDATE({self._where(left)}, {self._where(node)}, {place}, {operator[0]}, {value})"

    def _where(self, node: Node) -> str:
        span = self.text.span(node)
        return f'"{span.line}:{span.column}"'

    def _call(self, node: Node) -> str | None:
        name = self.text.of(part(node, "function"))
        nodes = [child for child in part(node, "arguments").named_children if child.type != "comment"]
        if name in self.scheme.functions:
            arguments = [self.emit(child) for child in nodes]
            steps = [a for a, child in zip(arguments, nodes, strict=True) if a != self.text.of(child)]
            # C leaves the order of arguments open, and gcc evaluates them from the right.
            return self._ordered(name, arguments) if len(steps) > 1 else None
        if name not in PRIMITIVES:
            return None
        primitive = PRIMITIVES[name]
        if primitive.by_name:
            arguments = [self.emit_parts(nodes[0]), *(self.emit(child) for child in nodes[1:])]
        else:
            arguments = [self.emit(child) for child in nodes]
        shape = "VALUE" if primitive.returns else "VOID"
        if primitive.action == "enter":
            return f"SEVVIZ_MIGRATE({self._where(node)}, {', '.join(arguments)})"
        if primitive.kind is None:
            return f"SEVVIZ_{shape}0({self._where(node)}, {name})"
        kind = "NAME" if primitive.by_name else "CALL"
        return f"SEVVIZ_{kind}_{shape}{len(arguments)}({', '.join((self._where(node), name, *arguments))})"

    def _ordered(self, name: str, arguments: list[str]) -> str:
        numbered = [f"__auto_type sevviz_{name}_{i} = ({a});" for i, a in enumerate(arguments)]
        passed = ", ".join(f"sevviz_{name}_{i}" for i in range(len(arguments)))
        return f"({{ {' '.join(numbered)} {name}({passed}); }})"
