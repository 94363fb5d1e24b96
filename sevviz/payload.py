"""A finished search as one JSON object for the player, which looks facts up and walks, and knows no rule.

Format 1. Tasks and steps count from 1 in what people see; every index below counts from 0. `T` tasks, `O` objects.

* `format`, `scheme`, `title`, `source`, `scenario` {name, title}, `verdict` {line, status}
* `signals`, `weak`: whether fatal signals and stores that overtake an unlock may happen
* `states_total`, `complete` (the search visited everything), `cut` (null, or {kept, of, depth}: only the first states,
  breadth first, are in here; every schedule of up to `depth` steps can be walked)
* `sources`: [{name, text}]; `tasks`: [{label, arrow}]; `objects`: [{name, kind, initial}]; `classes`: {class: meaning}
* `strings`: sentences and templates; all numbers called "string" below are indices into it
* `positions`: per task a list of {span: [source, line, column, end line, end column] or null, about: string, object
  (-1: none), calls: [line], function: string, locals: string}
* `conditions`: [{kind, atomic, signalled, holds: [object], object, holder, keeps_cpu, reason: string, result}]: what a
  card and a lane show of a task. `kind`: running, sleeping, spinning, no-cpu, returned, faulted, stopped. `object` (-1
  with a holder: a CPU) is what it waits for; `keeps_cpu`: from a task that waits for one. `reason` (-1: it can step) is
  a template with {since}: the last step of the path at which `object` changed its value
* `states`: columns: `positions` (T per state), `values` (O per state), `conditions` (T per state), `class` (name),
  `deadlock` (index into `deadlocks`, -1: none), `open` (numbers of states with steps that are not in here)
* `deadlocks`: [{sentence: string, words, tasks: [task from 1], parts: [ids in the wait-for picture], final}]; `tasks`
  and `parts` have every task that keeps a CPU, where the ring leads through the CPUs
* `edges`: columns: `start` (one more than states: where a state's edges begin), `actor` (see sevviz/schedule.py),
  `target`, `sentence` (string), `faults` (index into `fault_sets`)
* `fault_sets`: [[fault]]; `faults`: [{kind, task, span, sentence: string}]
* `livelock`: numbers of the states on the loop of the livelock that the verdict shows
* `chips`: [{kind, label, count, tone: good|fair|bad, schedule: [actor], loop: 0 or its length}]
* `kernel`: null, or {note, words: [text], runs: [{schedule, head with a {where}, outcome: [line], words: [index]}]}
* `picture`: SVG of the wait-for graph or ""; ids t1, o3, h-3-1 (lock 3 held by task 1), w-1-3 (task 1 waits for it),
  cpu, h-cpu-2 (task 2 keeps a CPU from others), w-4-cpu (task 4 has none)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sevviz.analysis import Deadlock, proven_classes, ring_of
from sevviz.errors import visible
from sevviz.interpreter import effect_of, in_atomic_context, moves
from sevviz.model import Step
from sevviz.schedule import task_of
from sevviz.traces import operation_of
from sevviz.views import regions, verdict_words, words
from sevviz.views.chips import chips_of
from sevviz.views.conditions import conditions_of
from sevviz.views.names import arrow
from sevviz.views.waitfor import ring_ids, union_svg

if TYPE_CHECKING:
    from sevviz.model import Fault, Position, Program, Span, State
    from sevviz.verdict import Verdict
    from sevviz.views.conditions import Condition

__all__ = ["DEFAULT_STATES", "FORMAT", "pack"]

FORMAT = 1
DEFAULT_STATES = 20_000  # about 2 MB of JSON

Numbers = list[int]
_Ring = tuple[Deadlock, tuple[int, ...], tuple[str, ...]]  # with its tasks and its parts of the picture


@dataclass
class _Tables:
    """What states and edges refer to by number; each different value is kept once."""

    strings: dict[str, int] = field(default_factory=dict)
    conditions: dict[Condition, int] = field(default_factory=dict)
    deadlocks: dict[tuple[_Ring, ...], int] = field(default_factory=dict)
    faults: dict[tuple[Any, ...], int] = field(default_factory=dict)
    fault_sets: dict[tuple[int, ...], int] = field(default_factory=lambda: {(): 0})
    sentences: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def string(self, text: str) -> int:
        """The number of a text."""
        return self.strings.setdefault(text, len(self.strings))


def pack(
    verdict: Verdict, *, scenario_title: str = "", states: int = DEFAULT_STATES, kernel: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The JSON object for the player, with at most `states` states; see the head of this file for its form.

    `kernel` is what sevviz.kernel.evidence found of the program.
    """
    program, graph, tables = verdict.program, verdict.graph, _Tables()
    kept = min(len(graph.states), states)
    packed_states = _states(verdict, kept, tables)
    packed_edges = _edges(verdict, kept, tables)
    header = dict(program.header)
    return {
        "format": FORMAT,
        "scheme": program.name,
        "title": program.title,
        "source": header.get("source", ""),
        "scenario": {"name": program.scenario, "title": scenario_title or regions.scenario_title(program)},
        "signals": program.signals,
        "weak": program.weak,
        "verdict": {"line": verdict_words.verdict_line(verdict), "status": verdict.status},
        "states_total": len(graph.states),
        "complete": graph.complete,
        "cut": _cut(verdict, kept),
        "sources": [{"name": source.name, "text": visible(source.text)} for source in program.sources],
        "tasks": [{"label": task.label, "arrow": arrow(task.label)} for task in program.tasks],
        "objects": [{"name": o.name, "kind": o.kind, "initial": o.initial} for o in program.objects],
        "classes": words.CLASS_WORDS,
        "positions": [[_position(p, tables) for p in task.automaton.positions] for task in program.tasks],
        "conditions": [_condition_json(condition, tables) for condition in tables.conditions],
        "states": packed_states,
        "deadlocks": [_deadlocks(program, rings, tables) for rings in tables.deadlocks],
        "edges": packed_edges,
        "fault_sets": [list(numbers) for numbers in tables.fault_sets],
        "faults": [dict(zip(("kind", "task", "span", "sentence"), fault, strict=True)) for fault in tables.faults],
        "livelock": sorted(number for number in regions.loop_states(verdict) if number < kept),
        "chips": [asdict(chip) for chip in chips_of(verdict)],
        "kernel": kernel,
        "picture": union_svg(graph),
        "strings": list(tables.strings),  # last: everything above adds to it
    }


def _cut(verdict: Verdict, kept: int) -> dict[str, int] | None:
    """How far one can walk, if not everywhere. Breadth first: the first state left out bounds the depth."""
    graph = verdict.graph
    if kept == len(graph.states):
        return None
    return {"kept": kept, "of": len(graph.states), "depth": len(graph.schedule_to(kept)) - 1}


def _span(span: Span, source: int) -> list[int]:
    return [source, *span]


def _position(position: Position, tables: _Tables) -> dict[str, Any]:
    operation = position.operation
    return {
        "span": _span(operation.span, operation.source) if operation else None,
        "about": tables.string(words.about_to(operation, position.result)),
        "object": operation.object if operation else -1,
        "calls": [call.line for call in position.calls],
        "function": tables.string(operation.function if operation else ""),
        "locals": tables.string(words.locals_words(position.variables)),
    }


# States.


def _states(verdict: Verdict, kept: int, tables: _Tables) -> dict[str, Any]:
    graph, survey, program = verdict.graph, verdict.survey, verdict.program
    positions, values, conditions, deadlocks = Numbers(), Numbers(), Numbers(), Numbers()
    for state, found in zip(graph.states[:kept], survey.all_deadlocks, strict=False):
        positions += state.positions
        values += state.values
        for condition in conditions_of(program, state):
            conditions.append(tables.conditions.setdefault(condition, len(tables.conditions)))
        rings = tuple(_ring(program, state, deadlock) for deadlock in found)
        deadlocks.append(tables.deadlocks.setdefault(rings, len(tables.deadlocks)) if rings else -1)
    return {
        "positions": positions,
        "values": values,
        "conditions": conditions,
        "class": proven_classes(graph, survey)[:kept],
        "deadlock": deadlocks,
        "open": [n for n in range(kept) if _is_open(verdict, n, kept)],
    }


def _is_open(verdict: Verdict, number: int, kept: int) -> bool:
    """Whether steps of a state are missing: its successors are cut off, or the search never looked at them."""
    graph = verdict.graph
    if any(target >= kept for _, target in graph.edges[number]):
        return True
    return not graph.complete and not graph.edges[number] and bool(moves(graph.program, graph.states[number]))


def _condition_json(condition: Condition, tables: _Tables) -> dict[str, Any]:
    reason = tables.string(condition.reason) if condition.reason else -1
    return {**condition._asdict(), "reason": reason}


def _ring(program: Program, state: State, deadlock: Deadlock) -> _Ring:
    tasks = tuple(wait.task for wait in ring_of(program, state, deadlock))
    return deadlock, tasks, tuple(sorted(ring_ids(program, state, deadlock))) if deadlock.cyclic else ()


def _deadlocks(program: Program, rings: tuple[_Ring, ...], tables: _Tables) -> dict[str, Any]:
    """All deadlocks of a state as one: while bystanders run, a second ring may close beside the first."""
    found = [deadlock for deadlock, _, _ in rings]
    return {
        "sentence": tables.string(" ".join(words.deadlock_sentence(program, deadlock) for deadlock in found)),
        "words": "; ".join(words.cycle_words(program, deadlock) for deadlock in found),
        "tasks": sorted({task for _, tasks, _ in rings for task in tasks}),
        "parts": sorted({part for _, _, parts in rings for part in parts}),
        "final": any(deadlock.final for deadlock in found),
    }


# Edges.


def _edges(verdict: Verdict, kept: int, tables: _Tables) -> dict[str, Numbers]:
    graph = verdict.graph
    start, actors, targets, sentences, faults = [0], Numbers(), Numbers(), Numbers(), Numbers()
    for source in range(kept):
        for actor, target in graph.edges[source]:
            if target < kept:
                actors.append(actor)
                targets.append(target)
                sentences.append(_sentence(verdict, source, actor, target, tables))
                faults.append(_fault_set(verdict, source, actor, target, tables))
        start.append(len(actors))
    return {"start": start, "actor": actors, "target": targets, "sentence": sentences, "faults": faults}


def _sentence(verdict: Verdict, source: int, actor: int, target: int, tables: _Tables) -> int:
    program, before, after = verdict.program, verdict.graph.states[source], verdict.graph.states[target]
    operation, task = operation_of(program, before, actor), task_of(actor) - 1
    if operation is None:
        return tables.string(words.step_sentence(program, Step(actor, None, None, None, None), before, after))
    values = (before.values[operation.object], after.values[operation.object]) if operation.object >= 0 else (0, 0)
    atomic = in_atomic_context(program, after, task + 1)
    key = (actor, before.positions[task], after.positions[task], values, before.marks[task], atomic)
    if key not in tables.sentences:
        step = Step(actor, operation, effect_of(operation, before, task + 1)[0], *values)
        tables.sentences[key] = tables.string(words.step_sentence(program, step, before, after))
    return tables.sentences[key]


def _fault_set(verdict: Verdict, source: int, actor: int, target: int, tables: _Tables) -> int:
    graph = verdict.graph
    listed = []
    for fault in graph.faults.get((source, actor), ()):
        told = words.fault_sentence(graph.program, fault, actor, graph.states[source], graph.states[target])
        listed.append(tables.faults.setdefault(_fault_row(fault, told, tables), len(tables.faults)))
    return tables.fault_sets.setdefault(tuple(listed), len(tables.fault_sets))


def _fault_row(fault: Fault, told: str, tables: _Tables) -> tuple[Any, ...]:
    span = tuple(_span(fault.span, fault.source)) if fault.span else None
    return fault.kind, fault.task, span, tables.string(told)
