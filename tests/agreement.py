"""What the explicit and the symbolic engine say of the same program, held against each other."""

from sevviz.census import FoundFault, Outcome
from sevviz.loops import Lasso
from sevviz.model import Program
from sevviz.symbolic import SymbolicVerdict, check_symbolic
from sevviz.traces import run
from sevviz.verdict import Verdict, verdict_of


def disagreements(program: Program, limit: int = 200_000) -> list[str]:
    """Return, in words, all on which the engines differ; empty if they agree or the explicit one reached its limit."""
    explicit = verdict_of(program, limit)
    return compare(explicit, check_symbolic(program)) if explicit.complete else []


def compare(explicit: Verdict, symbolic: SymbolicVerdict) -> list[str]:
    """Compare numbers of states, outcomes, faults and endless runs, with the lengths of their schedules."""
    found = []
    if not symbolic.complete:
        found.append(f"the symbolic engine gave up: {symbolic.notes}")
    if symbolic.states != len(explicit.graph.states):
        found.append(f"states: explicit {len(explicit.graph.states)}, symbolic {symbolic.states}")
    found += _compare("outcomes", _outcomes(explicit.outcomes), _outcomes(symbolic.outcomes))
    found += _compare("faults", _faults(explicit.faults), _faults(symbolic.faults))
    found += _compare("livelock", _stem(explicit.livelock), _stem(symbolic.livelock))
    found += _compare("starvation", _stem(explicit.starvation), _stem(symbolic.starvation))
    found += _replays(symbolic)
    return found


def _outcomes(outcomes: tuple[Outcome, ...]) -> dict[object, int]:
    return {(o.kind, o.returns, o.deadlock, o.fault): len(o.schedule) for o in outcomes}


def _faults(faults: tuple[FoundFault, ...]) -> dict[object, int]:
    return {found.fault: len(found.schedule) for found in faults}


def _stem(lasso: Lasso | None) -> dict[object, int]:
    return {} if lasso is None else {"stem": len(lasso.stem)}


def _compare(what: str, explicit: dict[object, int], symbolic: dict[object, int]) -> list[str]:
    found = [f"{what}: only explicit has {key}" for key in explicit if key not in symbolic]
    found += [f"{what}: only symbolic has {key}" for key in symbolic if key not in explicit]
    both = [key for key in explicit if key in symbolic and explicit[key] != symbolic[key]]
    return found + [
        f"{what}: {key} has length {explicit[key]} explicitly, {symbolic[key]} symbolically" for key in both
    ]


def _replays(symbolic: SymbolicVerdict) -> list[str]:
    """Every schedule must do what it is said to do."""
    found = []
    for fault in symbolic.faults:
        if fault.fault.kind != "self-deadlock":
            steps = run(symbolic.program, fault.schedule).steps
            if fault.fault not in steps[-1].faults:
                found.append(f"the schedule {fault.schedule} does not show {fault.fault}")
    for lasso in (symbolic.livelock, symbolic.starvation):
        if lasso is not None:
            states = run(symbolic.program, lasso.stem + lasso.loop).states
            if states[-1] != states[len(lasso.stem)]:
                found.append(f"{lasso} is no loop")
    return found
