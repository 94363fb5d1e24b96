"""The kernels that sevviz can build, and what a machine needs for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sevviz.errors import SevvizError

__all__ = [
    "CONFIGURATIONS", "SOURCE_PACKAGE", "TARBALL", "Configuration", "Kernel", "KernelError", "MissingPackagesError",
]  # fmt: skip

SOURCE_PACKAGE = "linux-source-6.12"
TARBALL = Path(f"/usr/src/{SOURCE_PACKAGE}.tar.xz")


class KernelError(SevvizError):
    """The kernel could not be built or started; the text says what happened."""


class MissingPackagesError(KernelError):
    """Something of the machine's is missing; the text names the packages that bring it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One way to build the kernel: the fragment `image/NAME.config` over allnoconfig, and what to make of it."""

    name: str
    what: str
    arch: str = "um"
    target: str = "linux"
    image: str = "linux"
    packages: tuple[str, ...] = (SOURCE_PACKAGE, "gcc", "make", "flex", "bison", "bc", "xz-utils", "libc6-dev")
    programs: tuple[str, ...] = ("gcc", "make", "flex", "bison", "bc", "xz", "tar", "dpkg-query")

    @property
    def smp(self) -> bool:
        """Whether it has several CPUs, so that a task can be seen to spin. Such a kernel runs in QEMU."""
        return self.arch != "um"


class Kernel(NamedTuple):
    """A kernel that can be booted."""

    image: Path
    configuration: Configuration


_UML = Configuration("debug", "User-Mode Linux with all checks")


def _in_qemu(name: str, what: str) -> Configuration:
    packages = (*_UML.packages, "libelf-dev", "qemu-system-x86")
    programs = (*_UML.programs, "qemu-system-x86_64")
    return Configuration(name, what, "x86_64", "bzImage", "arch/x86/boot/bzImage", packages, programs)


CONFIGURATIONS = {
    configuration.name: configuration
    for configuration in (
        _UML,
        Configuration("plain", "User-Mode Linux without lock checks, as distributions build kernels"),
        _in_qemu("smp", "x86_64 with several CPUs and all checks, for QEMU"),
        _in_qemu("rt", "x86_64 with several CPUs, all checks and PREEMPT_RT, for QEMU"),
    )
}
