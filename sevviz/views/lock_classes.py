"""What lockdep sees, beside what is there: the lock-order graph of the locks and that of their classes, in one picture.

>>> from sevviz.views.lock_classes import lock_classes
>>> print(lock_classes("naive").text.splitlines()[-1])
In this scenario some schedules deadlock, the shortest one is 1 2.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sevviz.lockclasses import Nesting, class_arrows, class_name, nestings, rings
from sevviz.verdict import verdict_of
from sevviz.views.dot import render_dot
from sevviz.views.lock_order_words import Arrows, sentences_of
from sevviz.views.names import listed, tasks_title
from sevviz.views.pictures import picture_html, svg_source
from sevviz.views.style import GREY, INK, PAPER, RING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme
    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = ["LockPicture", "draw_lock_classes", "lock_classes"]

COLUMNS = 100
LETTERS = 11  # pixels: the names of the tasks at the arrows
LOCKS, CLASSES = "The locks themselves", "Their classes, as lockdep sees them"
Tasks = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LockPicture:
    """Both graphs, to be shown in a notebook; `sentences` say what to see in them, `text` lists the arrows as well."""

    svg: str  # "" without Graphviz, or where no lock is taken inside another one
    alt: str
    text: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        """The text twin."""
        return self.text

    __repr__ = __str__

    @property
    def source(self) -> str:
        """The picture as the address of an image, "" without one."""
        return svg_source(self.svg)

    def _repr_html_(self) -> str:
        """An image over what there is to see in it; a wide one scrolls in its own box."""
        sized = re.search(r'width="(\d+)"', self.svg)
        image = picture_html(self.svg, self.alt, int(sized[1]), LETTERS) if sized else ""
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        twin = f"<details><summary>In words</summary><pre>{escape(self.text)}</pre></details>"
        return f"{image}{said}{twin}"


def lock_classes(scheme: Scheme | str | Path, scenario: Scenario | str = "double") -> LockPicture:
    """The two lock-order graphs of a scheme in a scenario; raises SevvizError for input that is not understood."""
    from sevviz.catalogue import program

    return draw_lock_classes(verdict_of(program(scheme, scenario)))


def draw_lock_classes(verdict: Verdict) -> LockPicture:
    """The two lock-order graphs of a finished search, as a picture with its text."""
    program, found = verdict.program, nestings(verdict.graph)
    locks, classes = _of_locks(program, found), _of_classes(program, found)
    sentences = sentences_of(verdict, found, locks, classes)
    alt = " ".join(["Lock-order graphs.", *sentences])
    text = "\n".join(
        [
            f"{program.name}, {tasks_title(program)}",
            *_listing(LOCKS, locks),
            *_listing(CLASSES, classes),
            "",
            *(line for one in sentences for line in textwrap.wrap(one, COLUMNS, break_on_hyphens=False)),
        ]
    )
    drawn = render_dot(_dot(locks, classes), "dot") if locks.arrows else None
    return LockPicture(_with_words(drawn, alt) if drawn else "", alt, text, tuple(sentences))


def _with_words(drawn: str, alt: str) -> str:
    # Graphviz gives its size in points; in pixels, letters are as large as those around the picture.
    sized = re.sub(r'<svg width="(\d+)pt" height="(\d+)pt"', r'<svg width="\1" height="\2"', drawn)
    return sized.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


# The two graphs.


def _of_locks(program: Program, found: Iterable[Nesting]) -> Arrows:
    tasks: dict[tuple[str, str], set[int]] = {}
    waits = set[tuple[str, str]]()
    for nesting in found:
        pair = program.objects[nesting.outer.object].name, program.objects[nesting.inner.object].name
        tasks.setdefault(pair, set()).add(nesting.task)
        waits |= set() if nesting.inner.tried else {pair}
    arrows = {pair: tuple(sorted(who)) for pair, who in tasks.items()}
    return Arrows(arrows, frozenset(arrows) - waits, rings(pair for pair in arrows if pair in waits))


def _of_classes(program: Program, found: Iterable[Nesting]) -> Arrows:
    arrows = {
        (class_name(program, outer), class_name(program, inner)): who
        for (outer, inner), who in class_arrows(found).items()
    }
    return Arrows(arrows, frozenset(), rings(arrows))


# In words.


def _listing(title: str, graph: Arrows) -> list[str]:
    rows = [
        f"  {outer} → {inner}  ({_by(who)}{_only_tried(graph, outer, inner)})"
        for (outer, inner), who in graph.arrows.items()
    ]
    return ["", f"{title}:", *(rows or ["  no arrow"])]


def _only_tried(graph: Arrows, outer: str, inner: str) -> str:
    return ", only tried" if (outer, inner) in graph.tries else ""


def _by(who: Tasks) -> str:
    return f"task{'s' if len(who) > 1 else ''} {listed(map(str, who))}"


# As a picture.

TITLE_LETTER = 0.1  # inches, a wide one
HEAD = f"""digraph {{
graph [rankdir=LR, bgcolor="{PAPER}", pad=0.1, nodesep=0.35, ranksep=0.5, fontname="sans-serif", fontsize=13]
node [shape=box, fontname="sans-serif", fontsize=13, margin="0.12,0.06", height=0.36, color="{INK}"]
edge [fontname="sans-serif", fontsize=11, arrowsize=0.8]
"""


def _dot(locks: Arrows, classes: Arrows) -> str:
    # Graphviz stacks the clusters upwards: the first one is at the bottom.
    return HEAD + _cluster("c", "lockdep's classes", classes) + _cluster("l", "the locks", locks) + "}\n"


def _cluster(prefix: str, title: str, graph: Arrows) -> str:
    names = list(dict.fromkeys(name for pair in graph.arrows for name in pair))
    number = {name: f"{prefix}{index}" for index, name in enumerate(names)}
    ringed = {(a, b) for ring in graph.rings for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)}
    lines = [f'subgraph cluster_{prefix} {{ label="{title}"; style=rounded; color="{GREY}"; fontcolor="{INK}"']
    # Graphviz does not make a frame as wide as its title: a single box is wide enough for both.
    wide = f", width={len(title) * TITLE_LETTER:.2f}" if len(names) < 2 else ""  # noqa: PLR2004
    lines += [f'{number[name]} [label="{name}"{wide}]' for name in names]
    lines += [] if names else [f'{prefix}0 [label="no arrow", color="{PAPER}"{wide}]']
    for (outer, inner), who in graph.arrows.items():
        look = f'color="{RING}", fontcolor="{RING}", penwidth=2.2' if (outer, inner) in ringed else f'color="{INK}"'
        dash = ", style=dashed" if (outer, inner) in graph.tries else ""
        word = f"{_by(who)}{_only_tried(graph, outer, inner)}"
        lines.append(f'{number[outer]} -> {number[inner]} [label="{word}", {look}{dash}]')
    return "\n".join(lines) + "\n}\n"
