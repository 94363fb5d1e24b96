"""What a report is written with: the kernel that is imagined, and the names that it has for tasks and locks.

What no model can know is made up, the same every time: process numbers, and addresses that tell instances apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevviz.lockclasses import class_name
from sevviz.model import MUTEX

if TYPE_CHECKING:
    from sevviz.heldlocks import Held, LockClass
    from sevviz.model import Program

__all__ = ["Machine", "Scene"]

TAINT_FLAGS = (
    "PFSRMBUDAWCIOELKXTN"  # in their order; P stands first as G where it is not set (admin-guide/tainted-kernels)
)


@dataclass(frozen=True, slots=True)
class Machine:
    """A kernel with its options; `checks`: CONFIG_PROVE_LOCKING, DEBUG_ATOMIC_SLEEP and what they bring along.

    As in recorded runs: with `frozen`, tasks that could go on stand still for ever; with `one_cpu` it is a User-Mode
    Linux (that such a kernel takes each failed spin_trylock() for a bug is left out).
    """

    checks: bool = True
    one_cpu: bool = False
    frozen: bool = False
    hung_seconds: int = 120  # kernel.hung_task_timeout_secs, the default
    stuck_seconds: int = 22  # twice kernel.watchdog_thresh, and the time to notice
    release: str = "6.12.117"
    version: str = "#1"
    first_pid: int = 101  # of task 1, made up

    @property
    def system(self) -> str:
        """The kernel as it names itself in reports."""
        return f"{self.release} {self.version}"


class Scene:
    """A program on a machine while its log is written: which taints are set changes with the reports."""

    def __init__(self, program: Program, machine: Machine) -> None:
        self.program, self.machine = program, machine
        self.taints = ""
        self._cpus: dict[int, int] = {}

    def comm(self, task: int) -> str:
        """What a task is called."""
        return f"task{task}"

    def pid(self, task: int) -> int:
        """Its process number."""
        return self.machine.first_pid + task - 1

    def who(self, task: int, between: str = "/") -> str:
        """A task with its number: "task1/101"."""
        return f"{self.comm(task)}{between}{self.pid(task)}"

    def cpu(self, task: int) -> int:
        """The CPU that a task runs on: its own, or where they are shared the next that nobody was seen on."""
        if self.machine.one_cpu:
            return 0
        return self._cpus.setdefault(task, len(self._cpus)) if self.program.cpus else task - 1

    def taint(self) -> str:
        """The taint of the kernel so far, as wide as the kernel prints it."""
        if not self.taints:
            return "Not tainted"
        return "Tainted: G" + "".join(flag if flag in self.taints else " " for flag in TAINT_FLAGS[1:])

    def class_text(self, lock: LockClass) -> str:
        """A class by the text that it was initialised with: "&kvm->lock/1"."""
        return class_name(self.program, lock)

    def lock_line(self, held: Held, *, fresh: bool = False) -> str:
        """A lock with its class, its usage bits, its wait types, and the function that asks for it."""
        usage = "...." if fresh else "+.+."
        wait = "3:3" if held.sleeps else "2:2"
        return f"{self.address(held.object)} ({self.class_text(held.lock)}){{{usage}}}-{{{wait}}}, at: {held.function}"

    def warning_lines(self, task: int, what: str, where: str) -> list[str]:
        """A WARN() with its words. Where a warning is an instruction that traps (x86), they come before the place."""
        place = f"WARNING: CPU: {self.cpu(task)} PID: {self.pid(task)} at {where}"
        return ["------------[ cut here ]------------", *((place, what) if self.machine.one_cpu else (what, place))]

    def held_lines(self, task: int, held: tuple[Held, ...], *, listed: bool = True) -> list[str]:
        """The locks on a task's list; the kernel lists none of a task that is running at that moment."""
        if not held:
            return [f"no locks held by {self.who(task)}."]
        head = f"{len(held)} lock{'s' if len(held) > 1 else ''} held by {self.who(task)}:"
        return [head, *(f" #{n}: {self.lock_line(one)}" for n, one in enumerate(held) if listed)]

    def address(self, number: int) -> str:
        """A made-up address of an object: one page for each VM, another for the file's own objects."""
        thing = self.program.objects[number]
        alike = [n for n, other in enumerate(self.program.objects) if other.vm == thing.vm]
        place = 0xA0 + 0x48 * alike.index(number)
        page = 0xFFFFFFFF82C40000 if not thing.vm else 0xFFFF888104A00000 + 0x1000 * self.program.vms.index(thing.vm)
        return f"{page + place:016x}"

    def spelled(self, number: int) -> str:
        """An object in a report that spells addresses as symbols: the name of a file's own object."""
        thing = self.program.objects[number]
        return f"0x{self.address(number)}" if thing.vm else thing.name

    def sleeps(self, number: int) -> bool:
        """Whether a lock is one whose waiters sleep."""
        return self.program.objects[number].kind == MUTEX
