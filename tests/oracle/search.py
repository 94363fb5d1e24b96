"""Two ways through all schedules: plain recursion that remembers nothing, and a breadth-first one that does."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .frontend import Scheme
from .scenario import Scenario
from .world import Effect, Fault, Move, Returns, Rules, World

Outcome = tuple[str, Returns]
Kinds = frozenset[str]


class TooLarge(Exception):  # noqa: N818 - an answer, not an error
    """The search met its limit. Nothing it has found so far is worth reporting."""


@dataclass(slots=True)
class Result:
    """What a search found. A count is None where the state graph has a cycle."""

    outcomes: dict[Outcome, int | None] = field(default_factory=dict)
    shortest: dict[Outcome, int] = field(default_factory=dict)
    faults: dict[Fault, int] = field(default_factory=dict)
    """Each fault with the length of a shortest schedule to it."""
    affected: dict[str, int | None] = field(default_factory=dict)
    """Each kind of fault with the number of complete schedules that have one."""
    holding: set[tuple[Fault, frozenset[str]]] = field(default_factory=set)
    """Each self-deadlock with all locks that the task holds there."""


class Edge(NamedTuple):
    """One move out of a state: what it reports, the faults it records, and the next state unless it ends."""

    reported: list[Outcome]
    faults: frozenset[Fault]
    after: World | None


class _Notes:
    """What a search writes down: how often each outcome was met, and after how many steps at least."""

    def __init__(self) -> None:
        self.counts: Counter[Outcome] = Counter()
        self.shortest: dict[Outcome, int] = {}
        self.faults: dict[Fault, int] = {}
        self.affected: Counter[str] = Counter()
        self.holding: set[tuple[Fault, frozenset[str]]] = set()

    def outcomes(self, outcomes: Iterable[Outcome], length: int, times: int) -> None:
        for outcome in outcomes:
            self.counts[outcome] += times
            self.shortest[outcome] = min(length, self.shortest.get(outcome, length))

    def recorded(self, effect: Effect, length: int) -> None:
        for fault in effect.faults:
            self.faults[fault] = min(length, self.faults.get(fault, length))
            if fault[0] == "self-deadlock":
                held = frozenset(name for name, task, _ in effect.world.held if task + 1 == fault[1])
                self.holding.add((fault, held))

    def result(self, *, counted: bool) -> Result:
        outcomes = {outcome: count if counted else None for outcome, count in self.counts.items()}
        affected = {fault[0]: self.affected[fault[0]] if counted else None for fault in self.faults}
        return Result(outcomes, self.shortest, self.faults, affected, self.holding)


def enumerate_schedules(scheme: Scheme, scenario: Scenario, limit: int = 200_000) -> Result:
    """Walk every schedule to its end, one after the other, with no memory of states seen before.

    Raises:
        TooLarge: more than ``limit`` steps were walked, or a schedule grew past 200 steps (an endless one, perhaps).
    """
    rules = Rules(scheme, scenario)
    notes = _Notes()
    walked = 0

    def walk(world: World, length: int, kinds: Kinds) -> None:
        nonlocal walked
        walked += 1
        if walked > limit or length > 200:
            raise TooLarge
        for move in rules.moves(world):
            effect = rules.apply(world, move)
            notes.recorded(effect, length + 1)
            reported, ends = verdict(rules, effect, move)
            notes.outcomes(reported, length + 1, times=1)
            after = kinds | {fault[0] for fault in effect.faults}
            if ends:
                notes.affected.update(after)
            else:
                walk(effect.world, length + 1, after)

    reported, ends = verdict(rules, Effect(rules.start, frozenset()), None)
    notes.outcomes(reported, 0, times=1)
    if not ends:
        walk(rules.start, 0, frozenset())
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
    edges: dict[World, list[Edge]] = {}
    waiting = deque(depth)
    while waiting:
        world = waiting.popleft()
        if len(depth) > limit:
            raise TooLarge
        edges[world] = []
        for move in rules.moves(world):
            effect = rules.apply(world, move)
            notes.recorded(effect, depth[world] + 1)
            reported, ends = verdict(rules, effect, move)
            notes.outcomes(reported, depth[world] + 1, times=0)
            edges[world].append(Edge(reported, effect.faults, None if ends else effect.world))
            if not ends and effect.world not in depth:
                depth[effect.world] = depth[world] + 1
                waiting.append(effect.world)
    return notes.result(counted=_count_paths(edges, notes))


def verdict(rules: Rules, effect: Effect, move: Move | None) -> tuple[list[Outcome], bool]:
    """Return what is reported at this step (``move``, or None before the first), and whether the schedule ends."""
    world = effect.world
    returns = rules.returns(world)
    if effect.ended_by is not None:
        return [("fault:" + effect.ended_by, returns)], True
    if all(task.returned for task in world.tasks):
        return [("returned", returns)], True
    if move is not None and not move[1]:
        cycle = rules.cycle_from(world, move[0])
        if cycle:
            endable = any(rules.is_killable(world, index) for index in cycle) and not rules.is_hopeless(world)
            return [("deadlock", returns)], not endable
    if rules.is_hopeless(world):
        return [("deadlock", returns)], True
    return [], False


def _count_paths(edges: dict[World, list[Edge]], notes: _Notes) -> bool:
    """Add up the schedules to each outcome, state after state; return False if a cycle makes them endless.

    Schedules to one state are counted apart by the kinds of fault that they have had.
    """
    arrows_in = Counter(edge.after for arrows in edges.values() for edge in arrows if edge.after is not None)
    paths: dict[World, Counter[Kinds]] = {world: Counter() for world in edges}
    for start in list(edges)[:1]:
        paths[start][frozenset()] = 1
    ready = [world for world in edges if arrows_in[world] == 0]
    done = 0
    while ready:
        world = ready.pop()
        done += 1
        for edge in edges[world]:
            _follow(edge, paths[world], paths, notes)
            if edge.after is not None:
                arrows_in[edge.after] -= 1
                if arrows_in[edge.after] == 0:
                    ready.append(edge.after)
    return done == len(edges)


def _follow(edge: Edge, arriving: Counter[Kinds], paths: dict[World, Counter[Kinds]], notes: _Notes) -> None:
    for outcome in edge.reported:
        notes.counts[outcome] += arriving.total()
    for kinds, times in arriving.items():
        after = kinds | {fault[0] for fault in edge.faults}
        if edge.after is not None:
            paths[edge.after][after] += times
        else:
            notes.affected.update(dict.fromkeys(after, times))
