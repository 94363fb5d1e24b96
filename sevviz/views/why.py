"""Why a scheme passes, in words: the invariant that rules a cycle of waits out, and how it holds along a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sevviz.interpreter import CPU
from sevviz.invariant import check_invariant, claims_of, find_invariant, owners
from sevviz.schedule import format_schedule
from sevviz.traces import run
from sevviz.views.names import listed, task_name
from sevviz.views.words import deadlock_sentence, step_sentence

if TYPE_CHECKING:
    from sevviz.invariant import Claim, Invariant, Ownership
    from sevviz.model import Program, Trace
    from sevviz.verdict import Verdict

__all__ = ["Why", "WhyStep", "claim_words", "invariant_words", "violation_words", "why_it_passes"]


class WhyStep(NamedTuple):
    """What the invariant says after a step (number 0: before the first): sentences, each with whether it holds."""

    number: int
    told: str
    claims: tuple[tuple[str, bool], ...]


class Why:
    """The reason why no schedule of a verdict's scheme closes a cycle of waits, if there is one that sevviz knows."""

    def __init__(self, verdict: Verdict, invariant: Invariant | None = None) -> None:
        """Look for an invariant, or check the one given on every reachable state."""
        self.verdict = verdict
        self.invariant = invariant or find_invariant(verdict.graph)
        self._owners: Ownership = owners(verdict.graph)
        self.violation = None
        if self.invariant is not None:
            self.violation = check_invariant(verdict.graph, self.invariant, self._owners)

    @property
    def holds(self) -> bool:
        """Whether the invariant holds in every reachable state of a finished search."""
        return self.invariant is not None and self.violation is None and self.verdict.complete

    @property
    def lines(self) -> list[str]:
        """The argument, a paragraph each."""
        program, count = self.verdict.program, len(self.verdict.graph.states)
        if self.invariant is None:
            return _without(self.verdict)
        told = invariant_words(program, self.invariant)
        if self.violation is not None:
            return [*told, violation_words(self.verdict, self.invariant, self._owners)]
        checked = (
            f"Checked in all {count:,} reachable states." if self.verdict.complete else "The search did not finish."
        )
        return [*told, checked, *_besides(self.verdict)]

    @property
    def text(self) -> str:
        """The argument as plain text."""
        return "\n".join(self.lines)

    def steps(self, schedule: tuple[int, ...]) -> list[WhyStep]:
        """The invariant along a schedule; raises ScheduleError if it cannot be followed."""
        trace = run(self.verdict.program, schedule)
        state, told = 0, [WhyStep(0, "Before the first step.", self._claims(0))]
        for number, step in enumerate(trace.steps, 1):
            state = dict(self.verdict.graph.edges[state])[step.actor]
            told.append(WhyStep(number, _sentence(trace, number), self._claims(state)))
        return told

    def payload(self, schedule: tuple[int, ...], remark: str = "") -> dict[str, Any]:
        """What the browser shows; `remark` is a last sentence, such as on the point of no return."""
        steps = [{"told": s.told, "claims": [list(claim) for claim in s.claims]} for s in self.steps(schedule)]
        return {
            "view": "why",
            "label": "Why it passes",
            "schedule": format_schedule(schedule),
            "holds": self.holds,
            "lines": self.lines,
            "steps": steps,
            "remark": remark,
        }

    def _claims(self, state: int) -> tuple[tuple[str, bool], ...]:
        if self.invariant is None:
            return ()
        graph = self.verdict.graph
        claims = claims_of(graph.program, graph.states[state], self._owners[state], self.invariant)
        return tuple((claim_words(graph.program, claim), claim.holds) for claim in claims)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text}


def why_it_passes(verdict: Verdict, invariant: Invariant | None = None) -> Why:
    """The invariant that keeps a scheme from deadlocking, found or checked on every reachable state."""
    return Why(verdict, invariant)


def _sentence(trace: Trace, number: int) -> str:
    return step_sentence(trace.program, trace.steps[number - 1], trace.states[number - 1], trace.states[number])


def _without(verdict: Verdict) -> list[str]:
    if verdict.deadlocks:
        first = verdict.deadlocks[0]
        assert first.deadlock is not None  # it is one
        told = deadlock_sentence(verdict.program, first.deadlock)
        return [f"There is nothing to prove: it deadlocks, by the schedule {format_schedule(first.schedule)}. {told}"]
    if not verdict.complete:
        return ["The search did not finish, so there is nothing to prove yet."]
    states = f"{len(verdict.graph.states):,}"
    return [f"Neither a guard nor an order explains it. The search is the proof: none of {states} states has a cycle."]


def _besides(verdict: Verdict) -> list[str]:
    """What the invariant does not speak of, where it matters."""
    found = []
    waits = [wait for outcome in verdict.deadlocks if outcome.deadlock for wait in outcome.deadlock.waits]
    if any(wait.object == CPU for wait in waits):
        found.append("This is about locks alone: here tasks still block each other for want of a CPU.")
    elif waits:
        found.append("This is about rings: a lock that its holder never gives back still blocks the others.")
    if verdict.faults:
        found.append(
            "It rules out cycles of waits, not other faults: "
            + listed(sorted({f.fault.kind for f in verdict.faults}))
            + "."
        )
    if verdict.livelock is not None:
        found.append("It does not promise progress: there is a livelock.")
    return found


NOTHING_ASKED = (
    "No task ever waits for a lock while it holds one (a try does not wait), so no ring of tasks that hold and wait "
    "can close."
)
NO_RING = (
    "In a ring, the waiter for a guarded lock and its holder, which waits as well, would both own the guard. It has "
    "one owner at a time, so there is no such ring. Who holds a guarded lock and asks for nothing may well be waited "
    "for: it goes on and gives the lock back."
)


def invariant_words(program: Program, invariant: Invariant) -> list[str]:
    """An invariant and why it is enough, a paragraph each."""
    if not invariant.asked:
        return [NOTHING_ASKED]
    names = [shared.name for shared in program.objects]
    told = [_guard_words(names, guard, invariant) for guard in dict.fromkeys(guard for _, guard in invariant.guards)]
    told += [NO_RING] if told else []
    if len(invariant.order) > 1:
        order = " < ".join(names[lock] for lock in invariant.order)
        told.append(
            f"{'All other' if invariant.guards else 'All'} waits go up the order {order}: whoever holds one of these "
            f"locks asks only for one further up. A ring would have to come down somewhere, so there is none."
        )
    return told


def _guard_words(names: list[str], guard: int, invariant: Invariant) -> str:
    guarded = [names[lock] for lock, own in invariant.guards if own == guard]
    one = guarded[0] if len(guarded) == 1 else "one of these"
    return (
        f"{names[guard]} guards {listed(guarded)}: whoever holds a lock and asks for {one} owns {names[guard]}, and "
        f"whoever holds {one} and asks for any lock owns it too."
    )


def claim_words(program: Program, claim: Claim) -> str:
    """What the invariant says of one task in one state, as it stands there."""
    names = [shared.name for shared in program.objects]
    who, asked, held = task_name(program, claim.task), names[claim.asked], names[claim.held]
    who = who[0].upper() + who[1:]
    if claim.rule == "self":
        return f"{who} asks for {asked}, which it holds itself"
    if claim.rule == "order":
        relation = "above" if claim.holds else "not above"
        return f"{who} holds {held} and asks for {asked}, which is {relation} it in the order"
    owns = f"owns {names[claim.guard]}" if claim.holds else f"does not own {names[claim.guard]}"
    guarded = asked if claim.rule == "guard-asks" else held
    return f"{who} holds {held}, asks for {asked}, and {owns}, the guard of {guarded}"


def violation_words(verdict: Verdict, invariant: Invariant, owned: Ownership) -> str:
    """Where an invariant fails: the schedule and the claim."""
    found = check_invariant(verdict.graph, invariant, owned)
    assert found is not None  # asked for a violation
    schedule = format_schedule(found.schedule) or "(before the first step)"
    return f"It does not hold. After the schedule {schedule}: {claim_words(verdict.program, found.claim)}."
