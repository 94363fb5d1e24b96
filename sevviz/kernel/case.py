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

__all__ = ["Case", "make_case"]

MOST_TASKS, MOST_CALLS = 16, 3  # of runner.c


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


def make_case(scheme: Scheme | str | Path, scenario: Scenario | str) -> Case:
    """Put a scheme into a scenario; raises ScenarioError for a scenario that the kernel cannot be given."""
    loaded = scheme if isinstance(scheme, Scheme) else catalogue.load(scheme)
    chosen = catalogue.scenario(scenario) if isinstance(scenario, str) else scenario
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
