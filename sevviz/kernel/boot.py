"""Boots a kernel image on one list of turns and reads what it prints. One boot is one run; every boot has a limit."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevviz.kernel.configuration import KernelError
from sevviz.kernel.limits import check_length
from sevviz.kernel.together import format_turns
from sevviz.kernel.transcript import Finding, Turn

if TYPE_CHECKING:
    from pathlib import Path

    from sevviz.kernel.case import Case
    from sevviz.kernel.configuration import Kernel
    from sevviz.model import SharedObject

__all__ = ["FINDINGS", "Run", "boot", "end_all", "parameters", "read_console"]

LIMIT_SECONDS = 60  # of real time; a run takes a few hundredths of a second, in QEMU some seconds
UNKNOWN = r"(?:BUG|WARNING|Oops|DEBUG_LOCKS_WARN_ON|rcu: INFO|INFO: (?:task|trying))\b.*"
TOLD = ("step", "return", "wait", "spin", "cannot", "exclusion")
QEMU = (
    "qemu-system-x86_64", "-accel", "tcg", "-m", "128M", "-display", "none", "-no-reboot", "-nodefaults",
    "-serial", "stdio",
)  # fmt: skip
# Without "tsc=unstable" the refinement of the TSC stops the machine for a CPU that spins.
QEMU_APPEND = ("console=ttyS0", "watchdog_thresh=2", "tsc=unstable", "panic=-1", "runner.hung_seconds=9")
UML = ("mem=64M", "con=null", "con0=null,fd:1", "console=tty0", "time-travel=inf-cpu")

MEMORY = "/dev/shm"  # noqa: S108 - folders of their own are made in it
ROOM = 512 << 20  # bytes that are to be free there: for several kernels at a time

_running: set[subprocess.Popen[bytes]] = set()

PANIC = "Kernel panic - not syncing"

# The kernel's words, and how the task is named in or after them.
FINDINGS = {
    "recursive": r"WARNING: possible recursive locking detected(?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is trying",
    "circular": r"WARNING: possible circular locking dependency detected(?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is trying",
    "invalid-wait-context": r"\[ BUG: Invalid wait context \](?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is trying",
    "bad-unlock": r"WARNING: bad unlock balance detected!(?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is trying",
    "held-at-return": r"WARNING: lock held when returning to user space!(?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is leaving",
    "non-static-key": r"INFO: trying to register non-static key\.(?:.*\n){1,6}?.*Comm: (?:task(\d+)|\w+)",
    "nest-lock-not-held": r"WARNING: Nested lock was not taken(?:.*\n){1,6}?(?:task(\d+)|\S+)/\d+ is trying",
    "nest-lock-mixed": r"(?:WARNING: CPU.*\n)?DEBUG_LOCKS_WARN_ON\(!hlock->nest_lock\)\n(?:WARNING: CPU.*\n)?"
    r"(?:.*\n){0,2}?.*Comm: (?:task(\d+)|\w+)",
    "sleeping-function": r"BUG: sleeping function called from invalid context.*\n.*name: (?:task(\d+)|\w+)",
    "scheduling-while-atomic": r"BUG: scheduling while atomic: (?:task(\d+)|\w+)/",
    "spinlock-recursion": r"BUG: spinlock recursion on CPU#\d+, (?:task(\d+)|\w+)/",
    "spin-trylock-on-up": r"BUG: spinlock trylock failure on UP on CPU#\d+, (?:task(\d+)|\w+)/",
    "unlock-by-non-owner": r"(?:WARNING: CPU.*\n)?DEBUG_LOCKS_WARN_ON\(__owner_task.*\n(?:WARNING: CPU.*\n)?"
    r"(?:.*\n){0,2}?.*Comm: (?:task(\d+)|\w+)",
    "hung-task": r"INFO: task (?:task(\d+)|\S+):\d+ blocked for more than",
    "soft-lockup": r"watchdog: BUG: soft lockup - CPU#\d+ stuck for \d+s! \[(?:task(\d+)|[^\]]+):\d+\]",
    "rtmutex-deadlock": r"rtmutex deadlock detected\nWARNING: CPU.*\n.*Comm: (?:task(\d+)|\w+)",
    "switch-in-rcu-section": r"Voluntary context switch within RCU.*\nWARNING: CPU.*\n.*Comm: (?:task(\d+)|\w+)",
    "rcu-stall": r"rcu: INFO: rcu_\w+ (?:self-)?detected ()",
    "panic": rf"{PANIC}()",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a kernel did. `ended` is "" for a run to its end, else why it is not one."""

    turns: tuple[Turn, ...]
    findings: frozenset[Finding]
    ended: str
    console: str  # from the first turn on


def parameters(case: Case, turns: tuple[int, ...]) -> list[str]:
    """The kernel parameters of a run."""
    program, paths = case.program, {short: path for path, short in case.names.items()}
    initial = [f"{_address(shared, paths)}={shared.initial}" for shared in program.objects if shared.initial]
    words = {
        "scheme": case.scheme.name,
        "vms": ",".join(program.vms),
        "tasks": "/".join(task.label.replace(" ", "") for task in program.tasks),
        "initial": ",".join(initial),
        "script": format_turns(turns).replace(" ", ","),
        "retry": str(-1 if case.retry is None else case.retry),
    }
    return [f"runner.{name}={word}" for name, word in words.items() if word]


def _address(shared: SharedObject, paths: dict[str, str]) -> str:
    return f"{shared.vm}.{paths[shared.name.removeprefix(f'{shared.vm}.')]}" if shared.vm else shared.name


def boot(kernel: Kernel, case: Case, turns: tuple[int, ...]) -> Run:
    """Boot a kernel, let it take the turns, and read what it says. A kernel that hangs ends by a limit.

    Raises KernelError where the image is not there any more, TooLongError for more turns than a kernel takes.
    """
    words = parameters(case, turns)
    check_length(kernel.configuration, words)
    _keep(kernel.image)
    # UML wants a folder for its sockets and one, not mounted noexec, for its memory.
    with tempfile.TemporaryDirectory(prefix="sevviz-uml-", dir=_fast_folder()) as home:
        command = _command(kernel, case, words)
        environment = {**os.environ, "HOME": home, "TMPDIR": home}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:  # fmt: skip
            _running.add(process)
            try:
                output, ended = process.communicate(timeout=LIMIT_SECONDS)[0], ""
            except subprocess.TimeoutExpired:
                output, ended = _kill(process), f"no end after {LIMIT_SECONDS} s"
            except BaseException:
                _kill(process)
                raise
            finally:
                _running.discard(process)
    return read_console(output.decode(errors="replace"), case.names, ended)


def _keep(image: Path) -> None:
    """Note that an image is in use, so that a build takes others out of the cache; raises KernelError if it is gone."""
    try:
        image.stat()
        os.utime(image.parent)
    except FileNotFoundError:
        message = (
            f"{image}: this kernel is gone from the cache: a build keeps only those used last; "
            "run the command again, it builds the kernel anew, or give each command a cache of its own by $SEVVIZ_CACHE"
        )
        raise KernelError(message) from None


def _fast_folder() -> str | None:
    """A folder in memory, if a kernel may be run from there, else None: on a disk, a third more of a boot's time."""
    try:
        told = os.statvfs(MEMORY)
    except OSError:
        return None
    fits = told.f_bavail * told.f_frsize >= ROOM and not told.f_flag & os.ST_NOEXEC
    return MEMORY if fits and os.access(MEMORY, os.W_OK) else None


def _command(kernel: Kernel, case: Case, words: list[str]) -> list[str]:
    if not kernel.configuration.smp:
        return [str(kernel.image), *UML, *words]
    cpus = (case.program.cpus or len(case.program.tasks)) + 1  # the last one is the driver's
    # As sockets: with plain "-smp 3" the firmware's table shows one CPU.
    machine = ("-smp", f"cpus={cpus},sockets={cpus},cores=1,threads=1")
    words = [*QEMU_APPEND, f"runner.cpus={case.program.cpus or 0}", *words]
    return [*QEMU, *machine, "-kernel", str(kernel.image), "-append", " ".join(words)]


def end_all() -> None:
    """End the kernels that other threads wait for, so that Ctrl-C need not wait for them."""
    for process in list(_running):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _kill(process: subprocess.Popen[bytes]) -> bytes:
    """End a kernel and what it started; UML runs as several processes in a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


def read_console(text: str, names: dict[str, str], ended: str = "") -> Run:
    """The run that a console's text tells of. `names` are the short names of fields by their paths."""
    panic = re.search(rf"{PANIC}.*", text)
    if panic:
        ended = f"the kernel panicked, in its words {panic[0].strip()!r}"
    _, begin, told = text.replace("\r", "").partition("sevviz: begin\n")
    if not begin:
        last = text.strip().rpartition("\n")[2]
        told, ended = text, ended or f"the runner did not start; the last line is {last!r}"
    turns: list[Turn] = [Turn("", ())]
    for line in re.findall(r"sevviz: (.*)", told):
        words = line.split()
        if words[0] == "turn":
            turns.append(Turn(words[1], ()))
        elif words[0] in TOLD:
            shown = " ".join(_short(word, names) for word in words)
            turns[-1] = Turn(turns[-1].word, (*turns[-1].lines, shown))
    if begin and "sevviz: end" not in told:
        ended = ended or "the kernel ended before the runner did"
    return Run(tuple(turns), _findings(told), ended, told)


def _short(word: str, names: dict[str, str]) -> str:
    """The name of a field as sevviz says it: B.svm.sev_info.migration_lock is B.migration_lock."""
    vm, dot, path = word.partition(".")
    return f"{vm}.{names[path]}" if dot and path in names else word


def _findings(text: str) -> frozenset[Finding]:
    found, rest = set(), text
    for kind, pattern in FINDINGS.items():
        tasks = [int(match[1] or 0) for match in re.finditer(pattern, text)]
        # A function that sleeps in atomic context is told once a second: only the first time means something.
        found |= {Finding(kind, task) for task in (tasks[:1] if kind == "sleeping-function" else tasks)}
        rest = re.sub(pattern, "", rest)
    # What no pattern knows must not pass in silence.
    return frozenset(found | {Finding(match[0].strip(), 0) for match in re.finditer(UNKNOWN, rest)})
