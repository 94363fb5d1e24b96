"""Lockdep's own reports, line by line: words as kernel/locking/lockdep.c of Linux 6.12 prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevviz.heldlocks import address_order, class_of_lock, is_compared

if TYPE_CHECKING:
    from sevviz.heldlocks import LockClass
    from sevviz.lockdep import Report
    from sevviz.splats.scene import Scene

__all__ = ["LOCKDEP_LINES"]

MATCH_LINE = "kernel/locking/lockdep.c:5328"  # of the check in match_held_lock(), Linux 6.12.117
CODE = 0xFFFFFFFF81A04B00  # made up: where the function is


def _headed(scene: Scene, title: str, width: int) -> list[str]:
    return ["=" * width, title, f"{scene.machine.system} {scene.taint()}".rstrip(), "-" * width]


def _trying(scene: Scene, report: Report) -> list[str]:
    """The lock that is asked for, and the held one that it goes against."""
    assert report.asked is not None
    assert report.against is not None
    compares = report.kind == "recursive" and is_compared(scene.program, report.asked)
    return [
        f"{scene.who(report.task)} is trying to acquire lock:",
        scene.lock_line(report.asked),
        "",
        "but task is already holding lock:",
        scene.lock_line(report.against),
        *([f"and the lock comparison function returns {address_order(report.against, report.asked)}:"] * compares),
        "",
    ]


def _recursive(scene: Scene, report: Report) -> list[str]:
    name = scene.class_text(report.lock)
    return [
        *_headed(scene, "WARNING: possible recursive locking detected", 44),
        *_trying(scene, report),
        "other info that might help us debug this:",
        " Possible unsafe locking scenario:",
        "",
        "       CPU0",
        "       ----",
        f"  lock({name});",
        f"  lock({name});",
        "",
        " *** DEADLOCK ***",
        "",
        " May be due to missing lock nesting notation",
        "",
        *scene.held_lines(report.task, report.held),
    ]


def _circular(scene: Scene, report: Report) -> list[str]:
    assert report.against is not None
    source, target = scene.class_text(report.lock), scene.class_text(report.against.lock)
    parent = scene.class_text(report.path[-2])
    chain = ["Chain exists of:", f"  {source} --> {parent} --> {target}", ""] if parent != source else []
    known = list(enumerate(report.path))[::-1]
    return [
        *_headed(scene, "WARNING: possible circular locking dependency detected", 54),
        *_trying(scene, report),
        "which lock already depends on the new lock.",
        "",
        "",
        "the existing dependency chain (in reverse order) is:",
        *(
            line
            for depth, lock in known
            for line in ("", f"-> #{depth} ({scene.class_text(lock)}){{+.+.}}-{{{_wait(scene, lock)}}}:")
        ),
        "",
        "other info that might help us debug this:",
        "",
        *chain,
        " Possible unsafe locking scenario:",
        "",
        "       CPU0                    CPU1",
        "       ----                    ----",
        f"  lock({target});",
        f"                               lock({parent});",
        f"                               lock({target});",
        f"  lock({source});",
        "",
        " *** DEADLOCK ***",
        "",
        *scene.held_lines(report.task, report.held),
    ]


def _wait(scene: Scene, lock: LockClass) -> str:
    """The wait types of a class: those of any lock in it."""
    objects = scene.program.objects
    number = next(n for n, o in enumerate(objects) if o.is_lock and class_of_lock(o) == lock._replace(subclass=0))
    return "3:3" if scene.sleeps(number) else "2:2"


def _wait_context(scene: Scene, report: Report) -> list[str]:
    assert report.asked is not None
    return [
        *_headed(scene, "[ BUG: Invalid wait context ]", 29),
        f"{scene.who(report.task)} is trying to lock:",
        scene.lock_line(report.asked, fresh=report.fresh),
        "other info that might help us debug this:",
        "context-{4:4}",
        *scene.held_lines(report.task, report.held),
    ]


def _bad_unlock(scene: Scene, report: Report) -> list[str]:
    assert report.asked is not None
    nameless = scene.program.objects[report.asked.object].uninitialised
    name = "(null)" if nameless else scene.class_text(report.lock)
    return [
        *_headed(scene, "WARNING: bad unlock balance detected!", 37),
        f"{scene.who(report.task)} is trying to release lock ({name}) at:",
        f"[<{CODE:016x}>] {report.asked.function}",
        "but there are no more locks to release!",
        "",
        "other info that might help us debug this:",
        *scene.held_lines(report.task, report.held),
    ]


def _non_static_key(_scene: Scene, _report: Report) -> list[str]:
    return [
        "INFO: trying to register non-static key.",
        "The code is fine but needs lockdep annotation, or maybe",
        "you didn't initialize this object before use?",
        "turning off the locking correctness validator.",
    ]


def _nest_lock_not_held(scene: Scene, report: Report) -> list[str]:
    assert report.asked is not None
    nest = class_of_lock(scene.program.objects[report.asked.nest])
    return [
        *_headed(scene, "WARNING: Nested lock was not taken", 34),
        f"{scene.who(report.task)} is trying to lock:",
        scene.lock_line(report.asked),
        "",
        "but this task is not holding:",
        scene.class_text(nest),
        "",
        "other info that might help us debug this:",
        *scene.held_lines(report.task, report.held),
    ]


def _nest_lock_mixed(scene: Scene, report: Report) -> list[str]:
    what = "DEBUG_LOCKS_WARN_ON(!hlock->nest_lock)"
    return scene.warning_lines(report.task, what, f"{MATCH_LINE} match_held_lock")


def _held_at_return(scene: Scene, report: Report) -> list[str]:
    return [
        *_headed(scene, "WARNING: lock held when returning to user space!", 48),
        f"{scene.who(report.task)} is leaving the kernel with locks still held!",
        *scene.held_lines(report.task, report.held),
    ]


LOCKDEP_LINES = {
    "recursive": _recursive,
    "circular": _circular,
    "invalid-wait-context": _wait_context,
    "bad-unlock": _bad_unlock,
    "held-at-return": _held_at_return,
    "non-static-key": _non_static_key,
    "nest-lock-not-held": _nest_lock_not_held,
    "nest-lock-mixed": _nest_lock_mixed,
}
