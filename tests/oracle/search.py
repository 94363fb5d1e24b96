"""Two ways through all schedules: plain recursion that remembers nothing, and a breadth-first one that does."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from .frontend import Scheme
from .scenario import Scenario
from .world import Effect, Fault, Move, Returns, Rules, World

Outcome = tuple[str, Returns]


class TooLarge(Exception):  # noqa: N818 - an answer, not an error
    """The search met its limit. Nothing it has found so far is worth reporting."""


@dataclass(slots=True)
class Result:
    """What a search found. A count is None where the state graph has a cycle."""

    outcomes: dict[Outcome, int | None] = field(default_factory=dict)
    shortest: dict[Outcome, int] = field(default_factory=dict)
    faults: dict[Fault, int] = field(default_factory=dict)
    """Each fault with the length of a shortest schedule to it."""


class _Notes:
    """What a search writes down: how often each outcome was met, and after how many steps at least."""

    def __init__(self) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.shortest: dict[Outcome, int] = {}
        self.faults: dict[Fault, int] = {}

    def outcomes(self, outcomes: Iterable[Outcome], length: int, times: int) -> None:
        for outcome in outcomes:
            self.counts[outcome] += times
            self.shortest[outcome] = min(length, self.shortest.get(outcome, length))

    def recorded(self, faults: Iterable[Fault], length: int) -> None:
        for fault in faults:
            self.faults[fault] = min(length, self.faults.get(fault, length))

    def result(self, *, counted: bool) -> Result:
        outcomes = {outcome: count if counted else None for outcome, count in self.counts.items()}
        return Result(outcomes, self.shortest, self.faults)


def enumerate_schedules(scheme: Scheme, scenario: Scenario, limit: int = 200_000) -> Result:
    """Walk every schedule to its end, one after the other, with no memory of states seen before.

    Raises:
        TooLarge: more than ``limit`` steps were walked, or a schedule grew past 200 steps (an endless one, perhaps).
    """
    rules = Rules(scheme, scenario)
    notes = _Notes()
    walked = 0

    def walk(world: World, length: int) -> None:
        nonlocal walked
        walked += 1
        if walked > limit or length > 200:
            raise TooLarge
        for move in rules.moves(world):
            effect = rules.apply(world, move)
            notes.recorded(effect.faults, length + 1)
            reported, ends = verdict(rules, effect, move)
            notes.outcomes(reported, length + 1, times=1)
            if not ends:
                walk(effect.world, length + 1)

    reported, ends = verdict(rules, Effect(rules.start, frozenset()), None)
    notes.outcomes(reported, 0, times=1)
    if not ends:
        walk(rules.start, 0)
    return notes.result(counted=True)


def reachable(scheme: Scheme, scenario: Scenario, limit: int = 200_000) -> Result:
    """Walk every reachable state once, breadth first; count schedules afterwards, if there is no cycle.

    Raises:
        TooLarge: there are more than ``limit`` states.
    """
    rules = Rules(scheme, scenario)
    notes = _Notes()
    reported, ends = verdict(rules, Effect(rules.start, frozenset()), None)
    notes.outcomes(reported, 0, times=1)
    depth = {} if ends else {rules.start: 0}
    edges: dict[World, list[tuple[list[Outcome], World | None]]] = {}
    waiting = deque(depth)
    while waiting:
        world = waiting.popleft()
        if len(depth) > limit:
            raise TooLarge
        edges[world] = []
        for move in rules.moves(world):
            effect = rules.apply(world, move)
            notes.recorded(effect.faults, depth[world] + 1)
            reported, ends = verdict(rules, effect, move)
            notes.outcomes(reported, depth[world] + 1, times=0)
            edges[world].append((reported, None if ends else effect.world))
            if not ends and effect.world not in depth:
                depth[effect.world] = depth[world] + 1
                waiting.append(effect.world)
    return notes.result(counted=_count_paths(edges, notes.counts))


def verdict(rules: Rules, effect: Effect, move: Move | None) -> tuple[list[Outcome], bool]:
    """Return what is reported at this step (``move``, or None before the first), and whether the schedule ends."""
    world = effect.world
    returns = rules.returns(world)
    if effect.ended_by is not None:
        return [("fault:" + effect.ended_by, returns)], True
    if all(task.returned for task in world.tasks):
        return [("returned", returns)], True
    everyone = range(len(world.tasks))
    if move is not None and not move[1]:
        cycle = rules.cycle_from(world, move[0])
        if cycle:
            return [("deadlock", returns)], not any(rules.is_killable(world, index) for index in cycle)
    stuck = not any(rules.can_step(world, index) for index in everyone)
    if stuck and not any(rules.is_killable(world, index) for index in everyone):
        return [("deadlock", returns)], True
    return [], False


def _count_paths(edges: dict[World, list[tuple[list[Outcome], World | None]]], counts: Counter[Outcome]) -> bool:
    """Add up the schedules to each outcome, state after state; return False if a cycle makes them endless."""
    arrows_in: Counter[World] = Counter(after for arrows in edges.values() for _, after in arrows if after is not None)
    paths: Counter[World] = Counter(list(edges)[:1])
    ready = [world for world in edges if arrows_in[world] == 0]
    done = 0
    while ready:
        world = ready.pop()
        done += 1
        for reported, after in edges[world]:
            for outcome in reported:
                counts[outcome] += paths[world]
            if after is not None:
                paths[after] += paths[world]
                arrows_in[after] -= 1
                if arrows_in[after] == 0:
                    ready.append(after)
    return done == len(edges)
