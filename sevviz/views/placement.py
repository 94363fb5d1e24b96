"""Where tasks and locks stand in the wait-for graph: fixed places, the same for every state of a scenario.

Tasks that share a lock form a group. In a group of two, the tasks stand left and right with the locks stacked between
them, so that two opposite moves draw a ring; more tasks stand round a middle. A lock stands midway between the two
tasks that ever touch it, in the middle if there are more, and above or below its only one, or on both sides of a task
that shares nothing. Groups stand one above the other, which fits a phone too.
All lengths are points.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import cos, hypot, pi, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TASK", "Place", "place"]

Place = tuple[float, float]

TASK = 58.0  # a task is as high, and at least as wide
PAIR = 2
TRIANGLE = 3
GAP = 40.0  # between the middles of stacked locks
WAY = 64.0  # the same in the middle of more than two tasks: arrows pass between
RING = 132.0  # height of a stack between two tasks: makes a ring round
REACH = 147.0  # from the middle of a group to its tasks
BESIDE = 33.0  # from a task to the edges of its own locks
APART = 20.0  # between groups
OUT = 42.0  # from a steep line to a stack beside it
ASIDE = 14.0  # between the middles of locks above a task
AIR = 12.0  # round a box
HIGH = 34.0  # a box, with some air
ROUNDS = 80  # of pushing boxes apart


def place(
    tasks: int, touched: Mapping[int, frozenset[int]], widths: Mapping[int, float], across: float = TASK
) -> tuple[dict[int, Place], dict[int, Place]]:
    """The places of tasks (numbered from 1) and of locks, as their middles.

    `touched` tells which tasks ever hold or want a lock, `widths` how wide its box is, `across` how wide a task is.
    """
    task_places, lock_places = dict[int, Place](), dict[int, Place]()
    top = 0.0
    for group in _groups(tasks, touched):
        locks = {lock: users for lock, users in touched.items() if users & group}
        of_tasks = _round_a_middle(sorted(group), locks, across)
        of_locks = _pushed_apart(_between(of_tasks, locks, widths, across), of_tasks, widths, across)
        halves = [(y, TASK / 2) for _, y in of_tasks.values()] + [(y, HIGH / 2) for _, y in of_locks.values()]
        shift = top - max(y + half for y, half in halves)
        task_places |= {task: (x, y + shift) for task, (x, y) in of_tasks.items()}
        lock_places |= {lock: (x, y + shift) for lock, (x, y) in of_locks.items()}
        top = shift + min(y - half for y, half in halves) - APART
    return task_places, lock_places


def _groups(tasks: int, touched: Mapping[int, frozenset[int]]) -> list[frozenset[int]]:
    """Tasks that share locks, directly or through others; the groups in the order of their first tasks."""
    groups = [frozenset({task}) for task in range(1, tasks + 1)]
    for users in touched.values():
        joined = frozenset().union(*(group for group in groups if group & users))
        groups = [group for group in groups if not group & joined] + [joined]
    return sorted((group for group in groups if group), key=min)


def _round_a_middle(tasks: list[int], locks: dict[int, frozenset[int]], across: float) -> dict[int, Place]:
    """Tasks round the middle, clockwise, an odd number with its point up; wider where more stands between them."""
    count = len(tasks)
    if count == 1:
        return {tasks[0]: (0.0, 0.0)}
    reach = REACH + (across - TASK) / 2
    if count == PAIR:
        return {tasks[0]: (-reach, 0.0), tasks[1]: (reach, 0.0)}
    stacks = Counter(users for users in locks.values() if len(users) > 1)
    most = max(*stacks.values(), 1 + sum(len(users) > PAIR for users in locks.values()), 1)
    ordered = _busiest_pair_low(tasks, stacks) if count == TRIANGLE else tasks
    wide = max(reach, 34.0 * count) * (1 + 0.18 * min(most - 1, PAIR))
    tall = max(0.75 * wide, 100.0)
    start = pi - pi / count if count % 2 == 0 else pi / 2 + pi - pi / count
    angles = [start - 2 * pi * index / count for index in range(count)]
    return {task: (wide * cos(angle), tall * sin(angle)) for task, angle in zip(ordered, angles, strict=True)}


def _busiest_pair_low(tasks: list[int], stacks: Counter[frozenset[int]]) -> list[int]:
    """Three tasks so that the two that share most stand at the bottom, where locks stack well: left, top, right."""
    first, second, third = tasks
    orders = ([first, second, third], [first, third, second], [second, first, third])
    return max(orders, key=lambda order: stacks[frozenset({order[0], order[2]})])


def _between(
    tasks: dict[int, Place], locks: dict[int, frozenset[int]], widths: Mapping[int, float], across: float
) -> dict[int, Place]:
    """Each lock where its users want it; those of the same users are stacked, or side by side on a steep line."""
    stacks = defaultdict[frozenset[int], list[int]](list)
    for lock in sorted(locks):
        stacks[locks[lock] if len(locks[lock]) <= PAIR else frozenset()].append(lock)
    places = dict[int, Place]()
    for users, stacked in stacks.items():
        ends = [tasks[task] for task in sorted(users)]
        if len(ends) == 1:
            places |= _own(ends[0], stacked, widths, across, len(tasks))
        elif len(ends) == PAIR and abs(ends[0][0] - ends[1][0]) < abs(ends[0][1] - ends[1][1]) * 1.3:
            places |= _side_by_side(ends, stacked, widths) if len(stacked) <= PAIR else _aside(ends, stacked)
        else:
            x, y = (sum(at) / len(ends) for at in zip(*ends, strict=True)) if ends else (0.0, 0.0)
            gap = max(GAP, RING / max(1, len(stacked) - 1)) if len(tasks) == PAIR else GAP if ends else WAY
            # Away from the middle, so that the middle stays free for what more tasks share.
            first = (len(stacked) - 1) / 2 if len(tasks) == PAIR or not y else 0.0 if y < 0 else len(stacked) - 1
            places |= {lock: (x, y + gap * (first - index)) for index, lock in enumerate(stacked)}
    return places


def _own(task: Place, locks: list[int], widths: Mapping[int, float], across: float, tasks: int) -> dict[int, Place]:
    """The locks of a single task of a group of some tasks."""
    if tasks == 1:
        left, right = (_outside(task, locks[n::2], widths, across, side=(-1, 1)[n]) for n in (0, 1))
        return left | right
    if tasks == PAIR:
        return _beyond(task, locks[::2], 1) | _beyond(task, locks[1::2], -1)
    return _beyond(task, locks, 1 if task[1] > 0 else -1)


def _beyond(task: Place, stacked: list[int], up: int) -> dict[int, Place]:
    """The locks of a single task above it (1) or below it (-1), each a little aside of the nearer one."""
    x, y = task
    out = 1 if x >= 0 else -1
    return {lock: (x + out * ASIDE * n, y + up * (TASK / 2 + GAP * (n + 0.9))) for n, lock in enumerate(stacked)}


def _outside(
    task: Place, stacked: list[int], widths: Mapping[int, float], across: float, *, side: int
) -> dict[int, Place]:
    """The locks of a single task, on one side of it, with their near edges in line."""
    near = across / 2 + BESIDE
    top = task[1] + GAP * (len(stacked) - 1) / 2
    return {lock: (task[0] + side * (near + widths[lock] / 2), top - GAP * index) for index, lock in enumerate(stacked)}


def _aside(ends: list[Place], stacked: list[int]) -> dict[int, Place]:
    """Many locks of two tasks stacked on the outer side of a steep line."""
    x, y = (sum(at) / len(ends) for at in zip(*ends, strict=True))
    out, top = (1 if x >= 0 else -1), y + GAP * (len(stacked) - 1) / 2
    return {lock: (x + out * OUT, top - GAP * index) for index, lock in enumerate(stacked)}


def _side_by_side(ends: list[Place], stacked: list[int], widths: Mapping[int, float]) -> dict[int, Place]:
    """Locks beside each other, from the middle of a steep line outwards."""
    x, y = (sum(at) / len(ends) for at in zip(*ends, strict=True))
    side = 1 if x >= 0 else -1
    places = dict[int, Place]()
    for lock in stacked:
        if places:
            x += side * (widths[lock] / 2 + AIR)
        places[lock] = (x, y)
        x += side * (widths[lock] / 2 + AIR)
    return places


def _pushed_apart(
    places: dict[int, Place], tasks: dict[int, Place], widths: Mapping[int, float], across: float
) -> dict[int, Place]:
    """Locks moved up or down until no two boxes overlap, and none covers a task."""
    height = {lock: y for lock, (_, y) in places.items()}
    locks = sorted(places)
    for _ in range(ROUNDS):
        for index, one in enumerate(locks):
            for other in locks[index + 1 :]:
                gap = height[one] - height[other]
                reach = (widths[one] + widths[other]) / 2 + AIR
                if abs(places[one][0] - places[other][0]) < reach and abs(gap) < HIGH:
                    push = (HIGH - abs(gap)) / 2 * (1 if gap >= 0 else -1)
                    height[one] += push
                    height[other] -= push
            for x, y in tasks.values():
                gap = height[one] - y
                aside = max(0.0, abs(places[one][0] - x) - widths[one] / 2) * TASK / across
                if hypot(aside, max(0.0, abs(gap) - HIGH / 2)) < TASK / 2 + AIR / 2:
                    height[one] += 4.0 * (1 if gap > 0 else -1)
    return {lock: (places[lock][0], height[lock]) for lock in locks}
