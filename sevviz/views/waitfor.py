"""The wait-for graph: of one state as a picture, and of everything that may happen as one layout for a player."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sevviz.analysis import Deadlock, deadlocks_of, ring_of
from sevviz.interpreter import CPU, cpu_keepers
from sevviz.model import SPINLOCK, Program, State, Trace
from sevviz.views.conditions import condition_of, role_of
from sevviz.views.dot import render_dot
from sevviz.views.names import task_name
from sevviz.views.pictures import picture_html
from sevviz.views.style import GREY, INK, LOOKS, PAPER, RING, Role
from sevviz.views.text import wait_for_sentences, wait_for_text
from sevviz.views.waitgraph import LETTERS, Arrows, arrows_of, node_of, wait_for_dot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevviz.explorer import StateGraph

__all__ = ["WaitForPicture", "draw_wait_for", "ring_ids", "union_dot", "union_svg"]

MOST_STATES = 20_000  # enough to have met every pair of a task and a lock

SVG = "http://www.w3.org/2000/svg"
ET.register_namespace("", SVG)


@dataclass(frozen=True, slots=True)
class WaitForPicture:
    """A wait-for graph to be shown in a notebook; `text` says the same in words, and so does `alt` in one line."""

    svg: str  # "" without Graphviz
    alt: str
    text: str

    def __str__(self) -> str:
        """The text twin."""
        return self.text

    def _repr_svg_(self) -> str | None:
        return self.svg or None

    def _repr_html_(self) -> str:
        """An image, which sanitisers let through, with its text twin under it."""
        words = f"<pre>{escape(self.text)}</pre>"
        if not self.svg:
            return words
        image = picture_html(self.svg, self.alt, float(ET.fromstring(self.svg).attrib["width"]), LETTERS)  # noqa: S314
        return f"{image}<details><summary>In words</summary>{words}</details>"


# One layout of everything.


def union_svg(graph: StateGraph) -> str:
    """SVG with ids t1 (task), o3 (lock), cpu, h-3-1 (lock 3 held by 1), w-1-3 (1 waits for 3); "" without Graphviz."""
    root = _rendered(graph.program, union_dot(graph))
    return "" if root is None else ET.tostring(root, encoding="unicode")


def union_dot(graph: StateGraph) -> str:
    """The DOT text of every hold and wait of a state graph."""
    return wait_for_dot(graph.program, arrows_of(graph.program, graph.states[:MOST_STATES]))


def _rendered(program: Program, dot: str) -> ET.Element | None:
    """The drawing with titles in words, without a fixed size and a background; None without Graphviz."""
    drawn = render_dot(dot, "neato")
    if drawn is None:
        return None
    root = ET.fromstring(drawn)  # noqa: S314 - written by Graphviz from our own DOT
    del root.attrib["width"], root.attrib["height"]
    titles = _titles(program)
    for part in _parts(root):
        title = part.find(f"{{{SVG}}}title")
        if title is not None:
            title.text = titles(part.get("id", ""))
    page = next(iter(root))
    del page.attrib["id"]  # would be the same for every drawing of a page
    for heading in page.findall(f"{{{SVG}}}title"):
        page.remove(heading)
    return root


def _parts(root: ET.Element) -> Iterator[ET.Element]:
    """The groups of the tasks, locks and arrows."""
    for group in root.iter(f"{{{SVG}}}g"):
        if group.get("class", "").split()[0] in ("node", "edge"):
            yield group


def _titles(program: Program) -> partial[str]:
    return partial(_title, program)


def _title(program: Program, name: str) -> str:
    """What a part of the drawing says when it is pointed at."""
    kind, *rest = name.split("-")
    if kind in ("h", "w"):
        lock, task = rest if kind == "h" else reversed(rest)
        number = CPU if lock == "cpu" else int(lock)
        verb = "waits for" if kind == "w" else "keeps" if number == CPU else "holds"
        return f"{task_name(program, int(task))} {verb} {_described(program, number)}"
    if kind == "cpu":
        return _described(program, CPU)
    return task_name(program, int(kind[1:])) if kind[0] == "t" else _described(program, int(kind[1:]))


def _described(program: Program, lock: int) -> str:
    return "a CPU" if lock == CPU else f"the {program.objects[lock].kind} {program.objects[lock].name}"


# One state.


def draw_wait_for(what: Program | Trace, state: State | None = None, graph: StateGraph | None = None) -> WaitForPicture:
    """The wait-for graph of a state of a program, or of the last state of a trace.

    A solid arrow leads from a lock to the task that holds it, a dashed one from a task to what it waits for; a ring is
    a deadlock. With a state graph everything stands where it does in all pictures of that graph; for a trace, where it
    does for all its states.
    """
    program, trace = (what.program, what) if isinstance(what, Trace) else (what, None)
    shown = state or (trace.states[-1] if trace else None)
    if shown is None:
        raise ValueError("draw_wait_for needs a state: draw_wait_for(program, state), or draw_wait_for(trace)")
    arrows = arrows_of(program, (*(trace.states if trace else ()), shown))
    if graph is not None:  # its states are read with its own program, which numbers positions in its own order
        every = arrows_of(graph.program, graph.states[:MOST_STATES])
        arrows = Arrows(every.holds | arrows.holds, every.waits | arrows.waits)
    root = _rendered(program, wait_for_dot(program, arrows))
    alt = "Wait-for graph: " + " ".join(wait_for_sentences(program, shown, trace))
    svg = "" if root is None else _dressed(root, program, shown, alt)
    return WaitForPicture(svg, alt, wait_for_text(program, shown, trace))


def _dressed(root: ET.Element, program: Program, state: State, alt: str) -> str:
    """The drawing with the arrows of one state alone, in colours that need no style sheet."""
    present = arrows_of(program, (state,)).ids
    ring = {part for deadlock in deadlocks_of(program, state) for part in ring_ids(program, state, deadlock)}
    page = next(iter(root))
    for part in list(_parts(root)):
        name = part.get("id", "")
        is_arrow = name[0] in "hw" and "-" in name
        if is_arrow and name not in present:
            page.remove(part)
            continue
        line = RING if name in ring else GREY if ring else INK
        fill = line if is_arrow else LOOKS[role].fill if (role := _role(program, state, name)) else PAPER
        _paint(part, line, fill, 2.6 if name in ring else 1.2)
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("style", "max-width: 100%; height: auto")
    _, _, width, height = root.attrib["viewBox"].split()
    root.set("width", width)
    root.set("height", height)
    return ET.tostring(root, encoding="unicode")


def _paint(part: ET.Element, line: str, fill: str, width: float) -> None:
    for shape in part:
        match shape.tag.removeprefix(f"{{{SVG}}}"):
            case "path":
                shape.set("stroke", line)
                shape.set("stroke-width", str(width))
            case "polygon" | "ellipse":
                shape.set("stroke", line)
                shape.set("fill", fill)
                shape.set("stroke-width", str(width))
            case "text":
                shape.set("fill", INK if fill != PAPER else line)


def _role(program: Program, state: State, name: str) -> Role | None:
    """What a task does or what has become of a lock, for its colour."""
    if name == "cpu":
        return None
    number = int(name[1:])
    if name[0] == "o":
        if not state.values[number]:
            return None
        return "atomic" if program.objects[number].kind == SPINLOCK else "holding"
    return role_of(condition_of(program, state, number))


def ring_ids(program: Program, state: State, deadlock: Deadlock) -> set[str]:
    """The ids of the tasks, locks and arrows of a deadlock that a state has; the CPUs are kept by several tasks."""
    waits = ring_of(program, state, deadlock)
    ids = {f"t{wait.task}" for wait in waits} | {node_of(wait.object) for wait in waits}
    holds = {(wait.object, wait.holder) for wait in waits}
    if any(wait.object == CPU for wait in waits):
        holds |= {(CPU, task) for task in cpu_keepers(program, state)}
    return ids | Arrows(frozenset(holds), frozenset((wait.task, wait.object) for wait in waits)).ids
