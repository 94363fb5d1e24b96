"""Every shipped scheme in every scenario, for the tests that look at all of them; a pair is searched once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pytest

import sevviz
from sevviz import scenario_names, scheme_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sevviz.verdict import Verdict

# The symbolic engine and SPIN do not count CPUs.
WITHOUT_CPUS = [name for name in scenario_names() if sevviz.scenario(name).settings.cpus is None]


def schemes() -> pytest.MarkDecorator:
    """A test for each scheme; one worker has all that is about a scheme."""
    grouped = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in scheme_names()]
    return pytest.mark.parametrize("scheme", grouped)


def pairs(scenarios: Iterable[str]) -> pytest.MarkDecorator:
    """A test for each scheme in each of these scenarios; one worker has all that is about a scheme."""
    chosen = list(scenarios)
    grouped = [
        pytest.param(scheme, scenario, marks=pytest.mark.xdist_group(scheme))
        for scheme in scheme_names()
        for scenario in chosen
    ]
    return pytest.mark.parametrize(("scheme", "scenario"), grouped)


@lru_cache(maxsize=len(scenario_names()))
def shipped_verdict(scheme: str, scenario: str) -> Verdict:
    """The verdict of a pair."""
    return sevviz.check(scheme, scenario)
