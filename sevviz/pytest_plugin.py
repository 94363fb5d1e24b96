"""A pytest plugin: schemes of your own stay free of deadlock, livelock and faults.

    @pytest.mark.sevviz("double", "ring3", scheme="locking.c")
    def test_moves_never_deadlock() -> None:
        '''Every schedule of the scheme in each scenario is searched before this body runs.'''

    def test_a_ring(certify: Certify) -> None:
        verdict = certify("locking.c", "ring3")
        assert ("0", "0", "0") in verdict.returns

A failure prints a shortest schedule, the lines of C that it runs, and who waits for whom. Paths are relative to the
test's file. A search that stops at its limit (`--sevviz-limit`) fails too: it certifies nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevviz.verdict import Verdict

__all__ = ["Certify", "certify"]

DEFAULT_LIMIT = 200_000  # states


class Options(TypedDict, total=False):
    """Further arguments of `certify`, and of the marker."""

    tasks: Sequence[str]  # calls that take the place of the scenario's
    signals: bool  # whether any task may get a fatal signal
    limit: int  # states, in place of --sevviz-limit
    allow: Sequence[str]  # kinds of faults, "deadlock" or "livelock", that are known and wanted


class Certify(Protocol):
    """What the fixture `certify` gives."""

    def __call__(self, scheme: str | Path, scenario: str = "double", **options: Unpack[Options]) -> Verdict:
        """Search every schedule of a scheme (a name, a path, or C text) in a scenario, or with calls of its own.

        Fails the test where anything is found that is not allowed, and where the search stops at its limit.
        """
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --sevviz-limit."""
    group = parser.getgroup("sevviz", "sevviz: schedules of locking schemes")
    text = "states to search at most, in each scenario (%(default)s)"
    group.addoption("--sevviz-limit", type=int, default=DEFAULT_LIMIT, metavar="N", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    text = "sevviz(*scenarios, scheme=None): search every schedule of a scheme in these scenarios before the test"
    config.addinivalue_line("markers", text)


@pytest.fixture
def certify(request: pytest.FixtureRequest) -> Certify:
    """Search every schedule of a scheme, and fail with a shortest schedule to what is wrong; see `Certify`."""
    folder, default = request.path.parent, int(request.config.getoption("--sevviz-limit"))

    def search(scheme: str | Path, scenario: str = "double", **options: Unpack[Options]) -> Verdict:
        __tracebackhide__ = True
        from sevviz.errors import SevvizError
        from sevviz.verdict import check

        where = folder / scheme if str(scheme).endswith(".c") else scheme
        tasks, signals = tuple(options.get("tasks", ())), options.get("signals", False)
        try:
            verdict = check(where, scenario, tasks=tasks, signals=signals, limit=options.get("limit", default))
        except SevvizError as error:
            pytest.fail(str(error), pytrace=False)
        problem = _problem(verdict, options.get("allow", ()))
        if problem:
            pytest.fail(problem, pytrace=False)
        return verdict

    return search


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have marked tests ask for the fixture, so that their schemes are searched as they are called."""
    if item.get_closest_marker("sevviz") is not None and hasattr(item, "fixturenames"):
        names: list[str] = item.fixturenames
        if "certify" not in names:
            names.insert(0, "certify")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Search what the marker names before the body of the test runs."""
    marker = pyfuncitem.get_closest_marker("sevviz")
    if marker is not None and marker.kwargs.get("scheme") is not None:
        search = cast("Certify", pyfuncitem.funcargs["certify"])
        options = {name: value for name, value in marker.kwargs.items() if name != "scheme"}
        for scenario in marker.args or ("double",):
            search(marker.kwargs["scheme"], scenario, **options)
    return (yield)


def _problem(verdict: Verdict, allow: Sequence[str]) -> str:
    """What is wrong with a verdict, told for a terminal; "" if nothing is."""
    from sevviz.exercises.showing import story

    head = f"{verdict.program.name} in {verdict.program.scenario or 'its tasks'}"
    if verdict.livelock is not None and "livelock" not in allow:
        told = story(verdict.program, verdict.livelock.stem, verdict.livelock.loop)
        return f"{head}: a livelock that a fair scheduler can follow for ever\n{told}"
    for found in verdict.faults:
        if found.fault.kind not in (*allow, "self-deadlock"):
            return f"{head}: {found.fault.kind}\n{story(verdict.program, found.schedule)}"
    if verdict.deadlocks and "deadlock" not in allow:
        return f"{head}: a deadlock\n{_cycle(verdict)}\n{story(verdict.program, verdict.deadlocks[0].schedule)}"
    if not verdict.complete:
        count = len(verdict.graph.states)
        return f"{head}: inconclusive, nothing in the first {count:,} states; raise --sevviz-limit"
    return ""


def _cycle(verdict: Verdict) -> str:
    from sevviz.verdict import waits_json

    waits = waits_json(verdict.program, verdict.deadlocks[0])
    return "\n".join(f"  task {w['task']} waits for {w['waits_for']}, held by task {w['held_by']}" for w in waits)
