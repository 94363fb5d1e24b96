"""What some tests need beyond Python, and how it is installed where that is allowed (Debian, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sevviz.checkout import say
from sevviz.kernel.configuration import CONFIGURATIONS, TARBALL


@dataclass(frozen=True, slots=True)
class Need:
    """What the tests with one marker need: of each group one program or file; Debian's packages bring them all."""

    marker: str
    groups: tuple[tuple[str, ...], ...]
    packages: tuple[str, ...]

    @property
    def option(self) -> str:
        """The option that leaves these tests out."""
        return f"--no-{self.marker}-tests"

    def met(self) -> bool:
        """Whether all of it is there."""
        return all(any(_found(name) for name in group) for group in self.groups)


_KERNEL = CONFIGURATIONS["debug"]

NEEDS = (
    Need("browser", (("chromium", "chromium-browser", "google-chrome"),), ("chromium", "fonts-dejavu-core")),
    Need("firefox", (("firefox-esr", "firefox"),), ("firefox-esr",)),
    Need("compiler", (("gcc", "cc"),), ("gcc", "libc6-dev")),
    Need("spin", (("spin",), ("tcc",), ("gcc",)), ("spin", "tcc", "gcc", "libc6-dev")),
    Need("kernel", (*((program,) for program in _KERNEL.programs), (str(TARBALL),)), _KERNEL.packages),
)


def provide(need: Need) -> bool:
    """Install what is missing where that is allowed; whether everything is there now."""
    if need.met():
        return True
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(f"the {need.marker} tests need more than is here: apt-get install {' '.join(need.packages)}")
        return False
    say(f"installing what the {need.marker} tests need: {' '.join(need.packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-q", "update"], ["apt-get", "-q", "-y", "install", *need.packages]):
        # What apt-get reports is about set-up, and belongs with it on standard error.
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        if done.returncode != 0:
            say(f"{' '.join(command)} failed")
    return need.met()


def _found(name: str) -> bool:
    return Path(name).exists() if "/" in name else shutil.which(name) is not None
