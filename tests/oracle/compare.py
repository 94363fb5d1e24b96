"""An engine's verdict (contract 3) held against a result of the oracle: the list of differences, in words."""

from typing import Any

from .search import Outcome, Result
from .world import Fault


def differences(verdict: dict[str, Any], result: Result) -> list[str]:
    """Return what the two say differently about outcomes, counts, lengths and faults; empty if they agree."""
    engine = _outcomes(verdict)
    found = _sets("outcomes", set(engine), set(result.outcomes))
    for outcome in set(engine) & set(result.outcomes):
        count, length = engine[outcome]
        expected = result.outcomes[outcome], result.shortest[outcome]
        if (count, length) != expected:
            found.append(f"{outcome}: the engine has (count, shortest) {(count, length)}, the oracle {expected}")
    found += _sets("held at self-deadlocks", _holding(verdict), result.holding)
    return found + _sets("faults", _faults(verdict), _expected_faults(result))


def _holding(verdict: dict[str, Any]) -> set[tuple[Fault, frozenset[str]]]:
    """Each self-deadlock with what is held."""
    alone = (found for found in verdict["faults"] if found["kind"] == "self-deadlock")
    return {((f["kind"], f["task"], f["line"], f["object"]), frozenset(f["holding"])) for f in alone}


def _faults(verdict: dict[str, Any]) -> set[tuple[Fault, int, str | None]]:
    """Each fault with the length of a shortest schedule to it and the number of schedules that have its kind.

    The engine also tells apart what is held and, at a return, the line; here that is not compared.
    """
    shortest: dict[tuple[Fault, str | None], int] = {}
    for found in verdict["faults"]:
        key = _placed((found["kind"], found["task"], found["line"], found["object"])), found["interleavings"]
        length = len(found["schedule"].split())
        shortest[key] = min(length, shortest.get(key, length))
    return {(fault, length, affected) for (fault, affected), length in shortest.items()}


def _expected_faults(result: Result) -> set[tuple[Fault, int, str | None]]:
    counts = {kind: None if count is None else str(count) for kind, count in result.affected.items()}
    return {(_placed(fault), length, counts[fault[0]]) for fault, length in result.faults.items()}


def _outcomes(verdict: dict[str, Any]) -> dict[Outcome, tuple[int | None, int]]:
    """Add up the entries that differ only in the cycle or in the place of a fault."""
    merged: dict[Outcome, tuple[int | None, int]] = {}
    for entry in verdict["outcomes"]:
        kind = "fault:" + entry["fault"] if entry["kind"] == "fault" else entry["kind"]
        outcome = (kind, tuple(entry["returns"]))
        count = None if entry["interleavings"] is None else int(entry["interleavings"])
        length = len(entry["schedule"].split())
        if outcome in merged:
            before, shortest = merged[outcome]
            count = None if count is None or before is None else count + before
            length = min(length, shortest)
        merged[outcome] = (count, length)
    return merged


def _placed(fault: Fault) -> Fault:
    """Keep of a fault's place what is a rule, not a courtesy to the reader: a leftover has no line of its own."""
    kind, task, _, thing = fault
    if kind == "flag-left-set":
        return kind, None, None, thing
    return (kind, task, None, thing) if kind == "held-at-return" else fault


def _sets(what: str, engine: set[Any], oracle: set[Any]) -> list[str]:
    only = [f"{what}: only the engine has {item}" for item in sorted(engine - oracle, key=str)]
    return only + [f"{what}: only the oracle has {item}" for item in sorted(oracle - engine, key=str)]
