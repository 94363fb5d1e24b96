"""One scheme in one scenario, as the kernel is given it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sevviz import catalogue
from sevviz.csource import Scheme
from sevviz.csource.fields import short_names
from sevviz.csource.scheme import texts_uses
from sevviz.errors import ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.catalogue import Scenario
    from sevviz.model import Program

__all__ = ["OWN_SCENARIOS", "Case", "make_case", "scenario_named"]

MOST_TASKS, MOST_CALLS = 16, 3  # of runner.c

# Scenarios for single runs that are worth a recording; too special for a column of the matrix.
OWN_SCENARIOS = {
    name: catalogue.make_scenario(name, table)
    for name, table in {
        "self-killed": {"title": "A→A, fatal signals", "tasks": ["migrate(A, A)"], "signals": True},
    }.items()
}


@dataclass(frozen=True)
class Case:
    """A scheme in a scenario."""

    scheme: Scheme
    scenario: Scenario
    program: Program

    @property
    def retry(self) -> int | None:
        """Attempts after -EBUSY, None for ever."""
        return self.scenario.settings.retry

    @cached_property
    def names(self) -> dict[str, str]:
        """The short name of each field by its path from struct kvm; file-scope objects have theirs."""
        uses = texts_uses(self.program.sources)
        return {".".join(location.path) or location.root: name for location, name in short_names(list(uses)).items()}


def scenario_named(name: str) -> Scenario:
    """A scenario that a kernel was run in, by its name; raises ScenarioError where there is none."""
    return OWN_SCENARIOS.get(name) or catalogue.scenario(name)


def make_case(scheme: Scheme | str | Path, scenario: Scenario | str) -> Case:
    """Put a scheme into a scenario; raises ScenarioError for a scenario that the kernel cannot be given."""
    loaded = scheme if isinstance(scheme, Scheme) else catalogue.load(scheme)
    chosen = scenario_named(scenario) if isinstance(scenario, str) else scenario
    program = catalogue.program(loaded, chosen)
    problem = ""
    if program.weak:
        problem = "weak memory order cannot be forced on a kernel"
    elif len(program.tasks) > MOST_TASKS or any(label.label.count(";") >= MOST_CALLS for label in program.tasks):
        problem = f"the runner takes {MOST_TASKS} tasks of {MOST_CALLS} calls"
    if problem:
        message = f"scenario {chosen.name!r}: {problem}"
        raise ScenarioError(message)
    return Case(loaded, chosen, program)
