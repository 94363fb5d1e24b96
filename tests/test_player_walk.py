"""The player's walks against the engine: through every edge of every shipped graph, and along random schedules.

It may look facts up, and must find the same ones. Its code runs as pages inline it, in the Node that Playwright brings.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from checkouts import ROOT
from pairs import schemes, shipped_verdict
from playwright._impl._driver import compute_driver_executable

from sevviz.analysis import last_choice
from sevviz.catalogue import scenario_names
from sevviz.export.page import module_text
from sevviz.interpreter import initial_state, moves, wait_of
from sevviz.payload import pack
from sevviz.schedule import format_schedule, parse_schedule
from sevviz.traces import replay
from sevviz.views import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sevviz.model import Program, State, Trace
    from sevviz.verdict import Verdict

SCHEDULES = 10  # random ones in each graph
LONGEST = 60  # steps of a random schedule
Walk = dict[str, Any]


@pytest.fixture(scope="module")
def walker() -> Iterator[Callable[[object], Any]]:
    """Node with the player in it: a JSON object in, a JSON object out."""
    node, _ = compute_driver_executable()
    command = [node, str(ROOT / "tests" / "player_walk.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None

        def tell(message: object) -> None:
            asked.write(json.dumps(message) + "\n")
            asked.flush()

        def ask(question: object) -> Any:  # noqa: ANN401 - whatever it answers
            tell(question)
            return json.loads(answered.readline())

        tell(module_text("player"))
        yield ask
        asked.close()
        assert process.wait() == 0


def wander(program: Program, random_: random.Random) -> str:
    """A random schedule, in which about one step in twenty cannot be taken."""
    actors, state = list[int](), initial_state(program)
    for _ in range(random_.randrange(LONGEST)):
        possible = moves(program, state)
        if not possible or random_.random() < 0.05:
            actors.append(random_.randint(1, len(program.tasks)))
            break
        move = random_.choice(possible)
        actors.append(move.actor)
        state = move.state
    return format_schedule(actors)


def seen(verdict: Verdict) -> list[tuple[int, Walk]]:
    """What the engine says of each state and of each step from it, asked anew."""
    numbers = {state: number for number, state in enumerate(verdict.graph.states)}
    return [(number, _seen_in(verdict.program, state, numbers)) for state, number in numbers.items()]


def _seen_in(program: Program, state: State, numbers: dict[State, int]) -> Walk:
    tasks = range(1, len(program.tasks) + 1)
    operations = [program.position(state, task - 1).operation for task in tasks]
    waits = [wait_of(program, state, task) for task in tasks]
    return {
        "spans": [[operation.source, *operation.span] if operation else None for operation in operations],
        "values": list(state.values),
        "waits": [[wait.object, wait.holder] if wait else [-1, 0] for wait in waits],
        "steps": [[m.actor, numbers[m.state], [fault.kind for fault in m.faults]] for m in moves(program, state)],
    }


def walked(verdict: Verdict, written: str) -> Walk:
    """What the engine says of a schedule."""
    trace, problem = replay(verdict.program, parse_schedule(written, len(verdict.program.tasks)))
    graph, survey = verdict.graph, verdict.survey
    classes = dict(zip(graph.states, survey.classes, strict=True))
    deadlocks = dict(zip(graph.states, survey.deadlocks, strict=True))
    failures = (n for n, step in enumerate(trace.steps, 1) if step.faults or deadlocks[trace.states[n]])
    return {
        "written": written,
        "values": [list(state.values) for state in trace.states],
        "sentences": _sentences(trace),
        "faults": [[fault.kind for fault in step.faults] for step in trace.steps],
        "problem": _essence(problem),
        "choice": last_choice([classes[state] for state in trace.states]) or 0,
        "failure": next(failures, 0),
    }


def _essence(problem: str) -> list[str]:
    """The steps that a refusal names: which one is refused, and since when somebody has had what it waits for."""
    return re.findall(r"(?i)(?<=^step )\d+|(?<=since step )\d+", problem)


def _sentences(trace: Trace) -> list[str]:
    around = zip(trace.steps, trace.states, trace.states[1:], strict=False)
    return [words.step_sentence(trace.program, step, before, after) for step, before, after in around]


@schemes()
@pytest.mark.slow
def test_every_edge_of_every_graph_leads_where_the_engine_goes(scheme: str, walker: Callable[[object], Any]) -> None:
    for scenario in scenario_names():
        shipped = shipped_verdict(scheme, scenario)
        payload, random_ = pack(shipped), random.Random(scheme + scenario)  # noqa: S311 - repeatable
        assert payload["cut"] is None, "a page holds the whole graph"
        schedules = [wander(shipped.program, random_) for _ in range(SCHEDULES)]
        found = walker({"payload": payload, "schedules": schedules})
        for (number, theirs), (expected, ours) in zip(found["states"], seen(shipped), strict=True):
            assert (number, theirs) == (expected, ours), scenario
        for written, theirs in zip(schedules, found["walks"], strict=True):
            assert {**theirs, "problem": _essence(theirs["problem"])} == walked(shipped, written), scenario


def test_data_of_another_format_are_refused(walker: Callable[[object], Any]) -> None:
    refused = walker({"payload": {"format": 2}, "schedules": []})
    assert refused == {"error": "this player reads format 1, the data have format 2: update sevviz"}
