"""The claims of the thread, each decided by finished searches (data/claims.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sevviz.catalogue import data_folder, load
from sevviz.errors import SevvizError
from sevviz.verdict import Verdict, check

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["Claim", "Decision", "Search", "claim", "claims", "decide", "holds"]

Ruling = Literal["confirmed", "refuted", "depends", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Search:
    """A search that a claim stands on, and what the claim says it will find."""

    scheme: str
    scenario: str
    tasks: tuple[str, ...]
    holds: str
    change: tuple[str, ...] = ()  # a piece of the scheme's text, and what stands in its place

    @property
    def title(self) -> str:
        """The search in short: "v4 / double"."""
        changed = ", with the change" if self.change else ""
        return f"{self.scheme}{changed} / {self.scenario or ' ‖ '.join(self.tasks)}"

    @property
    def searched(self) -> str:
        """What is searched: the scheme's name, or its text with the change; SevvizError where it has no such piece."""
        if not self.change:
            return self.scheme
        text, (before, after) = load(self.scheme).text.text, self.change
        found = text.count(before)
        if found != 1:
            raise SevvizError(f"claims: {self.scheme} has {before!r} {found} times; a change needs it once")
        return text.replace(before, after)


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's statement about a scheme, in our words, with where it was made."""

    id: str
    by: str
    date: dt.date
    source: str
    text: str
    searches: tuple[Search, ...]
    verdict: Ruling
    lesson: str
    ours: bool = False  # added by sevviz, not said in the thread


@dataclass(frozen=True, slots=True)
class Decision:
    """What the searches found of a claim: for each, whether it holds, and the verdict it rests on."""

    claim: Claim
    ruling: Ruling
    found: tuple[tuple[Search, bool | None, Verdict], ...]

    @property
    def states(self) -> int:
        """How many states were visited for it."""
        return sum(len(verdict.graph.states) for _, _, verdict in self.found)


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the file."""
    table = tomllib.loads((data_folder() / "claims.toml").read_text(encoding="utf-8"))
    return tuple(_claim(entry) for entry in table["claim"])


def claim(identifier: str) -> Claim:
    """A claim by its id."""
    found = {one.id: one for one in claims()}
    if identifier not in found:
        raise SevvizError(f"no claim {identifier!r}; there are {', '.join(found)}")
    return found[identifier]


def _claim(entry: dict[str, Any]) -> Claim:
    searches = tuple(_search(one) for one in entry["decide"])
    words = {key: entry[key] for key in ("id", "by", "date", "source", "text", "verdict", "lesson")}
    return Claim(searches=searches, ours=entry.get("ours", False), **words)


def _search(one: dict[str, Any]) -> Search:
    tasks, change = tuple(one.get("tasks", ())), tuple(one.get("change", ()))
    if change and not (isinstance(one["change"], list) and [type(piece) for piece in change] == [str, str]):
        raise SevvizError(f"claims: change = {one['change']!r}, but it is two strings: what goes, and what comes")
    return Search(one["scheme"], one.get("scenario", ""), tasks, one["holds"], change)


def decide(which: Claim | str) -> Decision:
    """Run the searches of a claim: confirmed if all find what it says, refuted if none does, depends otherwise."""
    chosen = claim(which) if isinstance(which, str) else which
    found = []
    for search in chosen.searches:
        verdict = check(search.searched, search.scenario or "double", tasks=search.tasks)
        found.append((search, holds(search.holds, verdict), verdict))
    return Decision(chosen, _ruling([result for _, result, _ in found]), tuple(found))


def _ruling(results: list[bool | None]) -> Ruling:
    if None in results:
        return "inconclusive"
    if all(results):
        return "confirmed"
    return "depends" if any(results) else "refuted"


def holds(statement: str, verdict: Verdict) -> bool | None:
    """Whether a verdict bears a statement out; None where the search did not finish and so cannot tell."""
    absent = _absent(statement, verdict)
    if absent is not None:
        # What was found is found, finished or not; what was not found is only absent from a finished search.
        return False if not absent else (True if verdict.complete else None)
    present = _present(statement, verdict)
    if present is None:
        raise SevvizError(f"claims: {statement!r} is not a statement that can be decided; see data/claims.toml")
    return True if present else (False if verdict.complete else None)


def _results(written: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in written.split(","))


def _kinds(verdict: Verdict) -> set[str]:
    return {found.fault.kind for found in verdict.faults}


def _absent(statement: str, verdict: Verdict) -> bool | None:
    """For statements that something cannot happen: whether it did not; None for other statements."""
    if statement == "clean":
        return not (verdict.deadlocks or verdict.faults or verdict.livelock)
    if statement == "no deadlock":
        return not verdict.deadlocks
    if statement == "no livelock":
        return verdict.livelock is None
    if statement == "some task succeeds":
        return all("0" in returns for returns in verdict.returns)
    first, _, rest = statement.partition(" ")
    if first == "never":
        return _results(rest) not in verdict.returns if "," in rest else rest not in _kinds(verdict)
    return None


def _present(statement: str, verdict: Verdict) -> bool | None:
    """For statements that something can happen: whether it does; None for other statements."""
    if statement == "deadlock":
        return bool(verdict.deadlocks)
    if statement == "livelock":
        return verdict.livelock is not None
    first, _, rest = statement.partition(" ")
    if first == "reaches":
        return _results(rest) in verdict.returns
    if first == "some":
        return rest in _kinds(verdict)
    if first == "always":
        counts = {found.interleavings for found in verdict.faults if found.fault.kind == rest}
        return bool(counts) and counts == {verdict.census.interleavings} and verdict.complete
    return None
