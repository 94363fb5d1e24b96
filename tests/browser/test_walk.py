"""The player's walks against the engine's replay: it may look facts up, and must find the same ones."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import sevviz
from browser.chromium import PLAYER, payload_of
from sevviz.analysis import last_choice
from sevviz.interpreter import moves
from sevviz.schedule import format_schedule
from sevviz.traces import replay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from sevviz.model import Program, Trace

CASES = [
    ("naive", "bystander"), ("v4", "ioctl"), ("v4", "retry"), ("v4", "weak"), ("v4", "cpus"),
    ("sev_lock_two_vms", "signal"), ("trylock_once", "ring3"), ("migration_lock_both", "cpus"),
]  # fmt: skip

WALKS = """([payload, schedules]) => {
  const { readGraph, parseSchedule, walk, formatSchedule, lastChoice } = window.player;
  const graph = readGraph(payload);
  return schedules.map((written) => {
    const { actors } = parseSchedule(written, graph.tasks);
    const path = walk(graph, actors);
    const values = path.states.map((state) => payload.objects.map((_, object) => graph.value(state, object)));
    return {
      written: formatSchedule(actors), values, faults: path.faults.map((found) => found.map((fault) => fault.kind)),
      problem: path.problem, choice: lastChoice(graph, path, path.states.length - 1),
    };
  });
}"""

EDGES = """(payload) => {
  const graph = window.player.readGraph(payload);
  const steps = (state) => graph.edgesOf(state).map((edge) => [graph.actor(edge), graph.target(edge)]);
  return payload.states.class.map((_, state) => steps(state));
}"""


@pytest.fixture
def module(chromium: Browser) -> Iterator[Page]:
    """A page in which the player's module is loaded and nothing is mounted."""
    page = chromium.new_page()
    page.evaluate(
        """async (source) => {
            window.player = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        }""",
        (PLAYER / "player.js").read_text(encoding="utf-8"),
    )
    yield page
    page.close()


def wander(program: Program, random_: random.Random) -> str:
    """A random schedule, in which about one step in twenty cannot be taken."""
    actors = list[int]()
    for _ in range(random_.randrange(60)):
        state = replay(program, tuple(actors))[0].states[-1]
        possible = [move.actor for move in moves(program, state)]
        if not possible or random_.random() < 0.05:
            actors.append(random_.randint(1, len(program.tasks)))
            break
        actors.append(random_.choice(possible))
    return format_schedule(actors)


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_random_schedules_lead_to_the_same_states_faults_and_refusals(module: Page, scheme: str, scenario: str) -> None:
    program, random_ = sevviz.program(scheme, scenario), random.Random(scheme + scenario)  # noqa: S311 - repeatable
    schedules = [wander(program, random_) for _ in range(60)]
    found: list[dict[str, Any]] = module.evaluate(WALKS, [payload_of(scheme, scenario), schedules])
    for written, walked in zip(schedules, found, strict=True):
        trace, problem = replay(program, sevviz.parse_schedule(written, len(program.tasks)))
        assert walked["written"] == written
        assert walked["values"] == [list(state.values) for state in trace.states], written
        assert walked["faults"] == [[fault.kind for fault in step.faults] for step in trace.steps], written
        assert bool(walked["problem"]) == bool(problem), written
        assert _since(walked["problem"]) == _since(problem), written


def _since(problem: str) -> str:
    """The lock, holder and step that a refusal names."""
    return problem.partition("held by task")[2].rpartition("since")[2].partition(";")[0]


@pytest.mark.parametrize(("scheme", "scenario"), CASES)
def test_every_edge_is_found_again(module: Page, scheme: str, scenario: str) -> None:
    graph = sevviz.explore(sevviz.program(scheme, scenario))
    found = module.evaluate(EDGES, payload_of(scheme, scenario))
    assert found == [[list(edge) for edge in edges] for edges in graph.edges]


def test_the_last_choice_is_the_analysis(module: Page) -> None:
    verdict = sevviz.check("naive", "bystander")
    classes = dict(zip(verdict.graph.states, verdict.survey.classes, strict=True))
    schedules = ["1 2", "3 1 3 2 3", "1 1 2", "1 3 3 2"]
    found = module.evaluate(WALKS, [payload_of("naive", "bystander"), schedules])
    for written, walked in zip(schedules, found, strict=True):
        trace: Trace = replay(verdict.program, sevviz.parse_schedule(written, 3))[0]
        assert walked["choice"] == (last_choice([classes[state] for state in trace.states]) or 0)


def test_data_of_another_format_are_refused(module: Page) -> None:
    told = module.evaluate("() => { try { player.readGraph({ format: 2 }); } catch (error) { return error.message; } }")
    assert told == "this player reads format 1, the data have format 2: update sevviz"
