"""Where tasks and locks stand in the wait-for graph: fixed places, the same for every state of a scenario.

Tasks that share a lock form a group. In a group of two, the tasks stand left and right with the locks stacked between
them, so that two opposite moves draw a ring; more tasks stand on an ellipse. A lock stands midway between the tasks
that ever touch it, or outside of its only one. Groups stand side by side. All lengths are points.
"""

from __future__ import annotations

from collections import defaultdict
from math import cos, pi, sin

__all__ = ["Place", "place"]

Place = tuple[float, float]

PAIR = 2
GAP = 36.0  # between the middles of stacked locks
RING = 132.0  # height of a stack of two: makes a ring round
REACH = 140.0  # from the middle of a group to its tasks, sideways
BESIDE = 105.0  # from a task to its own locks
APART = 95.0  # between groups
ROOM = (128.0, 33.0)  # a lock's box, with some air
ROUNDS = 60  # of pushing boxes apart


def place(tasks: int, touched: dict[int, frozenset[int]]) -> tuple[dict[int, Place], dict[int, Place]]:
    """The places of tasks (numbered from 1) and of locks; `touched` tells which tasks ever hold or want a lock."""
    task_places, lock_places = dict[int, Place](), dict[int, Place]()
    left = 0.0
    for group in _groups(tasks, touched):
        locks = {lock: users for lock, users in touched.items() if users & group}
        of_tasks = _on_ellipse(sorted(group), locks)
        of_locks = _between(of_tasks, locks)
        xs = [x for x, _ in (*of_tasks.values(), *of_locks.values())]
        shift = left - min(xs)
        task_places |= {task: (x + shift, y) for task, (x, y) in of_tasks.items()}
        lock_places |= {lock: (x + shift, y) for lock, (x, y) in of_locks.items()}
        left += max(xs) - min(xs) + APART
    return task_places, lock_places


def _groups(tasks: int, touched: dict[int, frozenset[int]]) -> list[frozenset[int]]:
    """Tasks that share locks, directly or through others; the groups in the order of their first tasks."""
    groups = [frozenset({task}) for task in range(1, tasks + 1)]
    for users in touched.values():
        joined = frozenset().union(*(group for group in groups if group & users))
        groups = [group for group in groups if not group & joined] + [joined]
    return sorted((group for group in groups if group), key=min)


def _on_ellipse(tasks: list[int], locks: dict[int, frozenset[int]]) -> dict[int, Place]:
    """Tasks round the middle, the first on the left, clockwise; taller where more locks stand between them."""
    count = len(tasks)
    if count == 1:
        return {tasks[0]: (0.0, 0.0)}
    shared = sum(len(users) > 1 for users in locks.values())
    wide = REACH * max(1.0, count / 2.6)
    tall = 0.0 if count == PAIR else max(95.0, GAP * shared / 2.2)
    # An odd number stands with its point up.
    start = pi if count == PAIR else pi - pi / count if count % 2 == 0 else pi / 2 + 2 * pi / count
    angles = [start - 2 * pi * index / count for index in range(count)]
    return {task: (wide * cos(angle), tall * sin(angle)) for task, angle in zip(tasks, angles, strict=True)}


def _between(tasks: dict[int, Place], locks: dict[int, frozenset[int]]) -> dict[int, Place]:
    """Each lock midway between its tasks; those that would stand in one place are stacked."""
    stacks = defaultdict[Place, list[int]](list)
    for lock, users in locks.items():
        x = sum(tasks[task][0] for task in users) / len(users)
        y = sum(tasks[task][1] for task in users) / len(users)
        if len(users) == 1:
            x += BESIDE if x >= 0 else -BESIDE
        stacks[round(x), round(y)].append(lock)
    places = {}
    for (x, y), stacked in stacks.items():
        gap = max(GAP, RING / (len(stacked) - 1)) if len(stacked) > 1 and len(tasks) == PAIR else GAP
        for index, lock in enumerate(sorted(stacked)):
            places[lock] = (x, y + gap * ((len(stacked) - 1) / 2 - index))
    return _pushed_apart(places, list(tasks.values()))


def _pushed_apart(places: dict[int, Place], tasks: list[Place]) -> dict[int, Place]:
    """Locks moved up or down until no two boxes overlap, and none covers a task."""
    height = {lock: y for lock, (_, y) in places.items()}
    locks = sorted(places)
    for _ in range(ROUNDS):
        for index, one in enumerate(locks):
            for other in locks[index + 1 :]:
                gap = height[one] - height[other]
                if abs(places[one][0] - places[other][0]) < ROOM[0] and abs(gap) < ROOM[1]:
                    push = (ROOM[1] - abs(gap)) / 2 * (1 if gap >= 0 else -1)
                    height[one] += push
                    height[other] -= push
            for x, y in tasks:
                gap = height[one] - y
                if abs(places[one][0] - x) < ROOM[0] * 0.7 and abs(gap) < ROOM[1] * 1.45:
                    height[one] += (ROOM[1] * 1.45 - abs(gap)) * (1 if gap > 0 else -1)
    return {lock: (places[lock][0], height[lock]) for lock in locks}
