"""How state classes and regions look and what they mean: one colour, hatch, marker and letter each, and words.

Colours are Okabe and Ito's or tints of them; none is told by its colour alone. No drawing library is loaded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import scenario
from sevviz.errors import ScenarioError
from sevviz.views.names import tasks_title

if TYPE_CHECKING:
    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = [
    "DOORS", "FORK", "PASSAGES", "REGIONS", "Region", "loop_states", "mark_words", "marked_classes", "scenario_title",
]  # fmt: skip


class Region(NamedTuple):
    """A region's fill, matplotlib hatch and marker, the letter of its text twin, and its meaning."""

    fill: str
    hatch: str
    marker: str
    letter: str
    words: str


REGIONS: dict[str, Region] = {
    "safe": Region("#d7ecf8", "", "o", ".", "safe: every task can still return"),
    "finished": Region("#009E73", "", "s", "F", "finished: every task has returned"),
    "doomed": Region("#f2c14e", "///", "^", "d", "doomed: tasks still run, but not all of them can return any more"),
    "deadlocked": Region("#D55E00", "xxx", "X", "X", "deadlocked: some tasks wait for each other"),
    "faulted": Region("#CC79A7", "...", "D", "!", "faulted: a broken rule has ended the schedule"),
    "livelock": Region("#56B4E9", "\\\\\\", "h", "L", "livelock: on a loop that a fair scheduler can follow for ever"),
    "mixed": Region("#F0E442", "---", "v", "?", "mixed: it depends on the other tasks, or on signals"),
    "forbidden": Region("#b9bec5", "++", "s", "#", "forbidden: both tasks would hold the same lock"),
    "unreachable": Region("#ffffff", "", "s", " ", "unreachable: no schedule leads here"),
}

# What a try does at a border of the progress graph. On the path of a failed try an axis has the last two.
DOORS = {
    "door": "the try lets the task go on along this axis",
    "shut": "the try sends the task elsewhere, off this axis",
    "refused": "the try fails here, as this path needs",
    "granted": "the try would succeed here, and leads elsewhere",
}
PASSAGES = {
    "wall": "wall: the task has to wait",
    **DOORS,
    "door": f"door, open: {DOORS['door']}",
    "shut": f"door, shut: {DOORS['shut']}",
}
FORK = "here the schedule leaves the path that the task takes alone"


def scenario_title(program: Program) -> str:
    """The scenario's title in scenarios.toml, or the tasks side by side where it is one of somebody's own."""
    try:
        return scenario(program.scenario).title if program.scenario else tasks_title(program)
    except ScenarioError:
        return tasks_title(program)


def loop_states(verdict: Verdict) -> tuple[int, ...]:
    """The states of the livelock that the verdict shows, in the order of its loop; empty if there is none."""
    if verdict.livelock is None:
        return ()
    state = 0
    for actor in verdict.livelock.stem:
        state = dict(verdict.graph.edges[state])[actor]
    found = [state]
    for actor in verdict.livelock.loop:
        state = dict(verdict.graph.edges[state])[actor]
        found.append(state)
    return tuple(dict.fromkeys(found))


def marked_classes(verdict: Verdict) -> list[str]:
    """Each state's class, with "livelock" for the states of the loop that the verdict shows."""
    on_loop = set(loop_states(verdict))
    return ["livelock" if number in on_loop else name for number, name in enumerate(verdict.survey.classes)]


def mark_words(verdict: Verdict, kind: str) -> str:
    """What a mark of a state map means: where the states of a livelock are safe ones, they are told to be so."""
    classes = verdict.survey.classes
    if kind == "livelock" and all(classes[number] == "safe" for number in loop_states(verdict)):
        return REGIONS[kind].words.replace("livelock:", "livelock: safe, too, but")
    return REGIONS[kind].words
