"""Builds the kernel: Debian's source, a configuration fragment, the runner and the schemes; kept in a cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sevviz.checkout import say
from sevviz.kernel.configuration import SOURCE_PACKAGE, TARBALL, Kernel, KernelError, MissingPackagesError
from sevviz.kernel.generate import check_name, generate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sevviz.csource import Scheme
    from sevviz.kernel.configuration import Configuration

__all__ = ["HERE", "build", "cache_folder", "check_packages", "source_version"]

HERE = Path(__file__).parent / "image"

NOT_INLINED = ("-fno-inline-functions", "-fno-inline-small-functions", "-fno-inline-functions-called-once")

MOST_ERRORS = 5  # lines of gcc's that are shown
MOST_IMAGES = 8  # of a configuration in the cache, 5 MB each; the least lately used go
# What the kernel says of its own making: the same for all.
REPRODUCIBLE = {
    "KBUILD_BUILD_TIMESTAMP": "1970-01-01", "KBUILD_BUILD_VERSION": "1", "KBUILD_BUILD_USER": "sevviz",
    "KBUILD_BUILD_HOST": "sevviz", "LC_ALL": "C",
}  # fmt: skip

# Neither architecture needs these, and they are two thirds of the tree.
LEFT_OUT = (
    *(f"*/Documentation/*.{ending}" for ending in ("rst", "yaml", "txt", "svg")),
    "*/arch/a*/*.[chS]", "*/arch/[c-tv-w]*/*.[chS]", "*/arch/*.dts*", "*/drivers/staging/*.[ch]",
    *(f"*/drivers/{folder}/*.[ch]" for folder in ("gpu", "net", "media", "infiniband", "scsi")),
    "*/sound/*.[ch]", "*/tools/testing/*", "*/tools/perf/*",
)  # fmt: skip


def cache_folder() -> Path:
    """Where sources, objects and images are kept: $SEVVIZ_CACHE, or sevviz in the user's cache folder."""
    chosen = os.environ.get("SEVVIZ_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sevviz"


def check_packages(configuration: Configuration) -> None:
    """Raise MissingPackagesError where something is not installed."""
    lacking = [name for name in configuration.programs if shutil.which(name) is None]
    if not TARBALL.is_file():
        lacking.append(str(TARBALL))
    if lacking:
        message = (
            f"the {configuration.name} kernel cannot be built here, missing: {', '.join(lacking)}\n"
            f"on Debian 12: apt-get install {' '.join(configuration.packages)}"
        )
        raise MissingPackagesError(message)


@cache
def source_version() -> str:
    """The version of the Debian package that the kernel is built from: "6.12.117-1~deb12u1"."""
    try:
        version = _output(["dpkg-query", "-W", "-f", "${Version}", SOURCE_PACKAGE])
    except subprocess.CalledProcessError:
        version = ""
    if not version:
        message = (
            f"dpkg does not know the package {SOURCE_PACKAGE}, whose version names the kernel, although {TARBALL} is "
            f"there\non Debian 12: apt-get install {SOURCE_PACKAGE}"
        )
        raise MissingPackagesError(message)
    return version


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def build(configuration: Configuration, schemes: Sequence[Scheme]) -> Kernel:
    """A kernel with these schemes in it, from the cache if it is there.

    Raises:
        MissingPackagesError: a package is not installed.
        KernelError: the build failed, or the cache cannot be written; the text has what gcc or make said.
    """
    check_packages(configuration)
    files = _files(schemes)
    kept = cache_folder() / f"{configuration.name}-{_key(configuration, files)}"
    try:
        if not (kept / "image").is_file():
            with _lock():
                if not (kept / "image").is_file():
                    _make(configuration, files, kept)
        os.utime(kept)
    except OSError as error:
        message = (
            f"{error.filename or cache_folder()}: kernels cannot be kept here ({error.strerror}); "
            "set $SEVVIZ_CACHE to a folder that you may write in, with 1 GB free"
        )
        raise KernelError(message) from None
    return Kernel(kept / "image", configuration)


def _files(schemes: Sequence[Scheme]) -> dict[str, str]:
    """All files that are added to the kernel, by name."""
    files = {name: (HERE / name).read_text(encoding="utf-8") for name in ("runner.c", "runner.h")}
    names = [scheme.name for scheme in schemes]
    for scheme in schemes:
        check_name(scheme.name)
        files[f"scheme_{scheme.name}.c"] = generate(scheme)
    table = "".join(f"extern const struct sevviz_scheme sevviz_scheme_{name};\n" for name in names)
    entries = "".join(f"\t&sevviz_scheme_{name},\n" for name in names)
    files["table.c"] = (
        f'#include "runner.h"\n{table}'
        f"extern const struct sevviz_scheme *const sevviz_schemes[];\n"
        f"const struct sevviz_scheme *const sevviz_schemes[] = {{\n{entries}\tNULL\n}};\n"
    )
    objects = " ".join(["runner.o", "table.o", *(f"scheme_{name}.o" for name in names)])
    # Functions keep their names in the kernel's reports if they are not inlined.
    files["Makefile"] = f"obj-y += {objects}\nccflags-y += {' '.join(NOT_INLINED)}\n"
    return files


def _key(configuration: Configuration, files: dict[str, str]) -> str:
    fragment = (HERE / f"{configuration.name}.config").read_text(encoding="utf-8")
    compiler = _output(["gcc", "-dumpfullversion"])
    parts = (source_version(), compiler, fragment, *(f"{name}\n{text}" for name, text in sorted(files.items())))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One build at a time in a cache; the lock goes with the process."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(configuration: Configuration, files: dict[str, str], kept: Path) -> None:
    source = _unpack()
    folder = source / "lib" / "sevviz"
    folder.mkdir(exist_ok=True)
    for stale in folder.iterdir():
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")  # an untouched file is not compiled again
    objects = cache_folder() / f"objects-{configuration.name}-{source_version()}"
    say(f"building the {configuration.name} kernel ({configuration.what}); about two minutes the first time")
    make = ["make", "-s", "-C", str(source), f"ARCH={configuration.arch}", f"O={objects}"]
    fragment = HERE / f"{configuration.name}.config"
    objects.mkdir(exist_ok=True)
    _run([*make, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig"])
    _check_configuration(fragment, objects / ".config")
    _run([*make, f"-j{len(os.sched_getaffinity(0))}", configuration.target])
    _keep(objects, configuration, kept)


def _keep(objects: Path, configuration: Configuration, kept: Path) -> None:
    """Put image and configuration into the cache in one move, and take out what was not used for long."""
    fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
    fresh.mkdir()
    shutil.copy(objects / configuration.image, fresh / "image")
    shutil.copy(objects / ".config", fresh / "config")
    shutil.rmtree(kept, ignore_errors=True)
    fresh.rename(kept)
    images = (path for path in kept.parent.glob(f"{configuration.name}-*") if (path / "image").is_file())
    for old in sorted(images, key=lambda path: path.stat().st_mtime, reverse=True)[MOST_IMAGES:]:
        shutil.rmtree(old, ignore_errors=True)


def _unpack() -> Path:
    """The kernel's source with one line added to a Makefile: that is all that is changed in it."""
    source = cache_folder() / f"source-{source_version()}"
    if not source.is_dir():
        say(f"unpacking {TARBALL}")
        fresh = source.with_name(f"{source.name}.{os.getpid()}")
        fresh.mkdir(parents=True)
        excluded = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        options = ("--strip-components=1", "--wildcards", "--wildcards-match-slash")
        _run(["tar", "-C", str(fresh), *options, *excluded, "-xf", str(TARBALL)])
        with (fresh / "lib" / "Makefile").open("a", encoding="utf-8") as makefile:
            makefile.write("obj-y += sevviz/\n")
        fresh.rename(source)
    return source


def _run(command: Sequence[str]) -> None:
    environment = {**os.environ, **REPRODUCIBLE}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stdout + done.stderr
        tail = said.strip().split("\n")[-25:]
        message = f"{' '.join(command[:2])} failed:\n" + "\n".join(_of_compiler(said) or tail)
        raise KernelError(message)


def _of_compiler(said: str) -> list[str]:
    """The first errors of gcc's and where in a scheme a macro of the kernel's stands; nothing if gcc found no error."""
    lines = [re.sub(r"^/.*?/source-[^/]*/", "linux/", line) for line in said.split("\n")]
    errors = [line for line in lines if re.search(r"\berror: ", line)]
    macros = [line for line in lines if re.match(r"(?!linux/).*: note: in expansion of macro .(?!SEVVIZ_)", line)]
    if not errors:
        return []
    left = len(errors) - MOST_ERRORS
    more = [f"(and {left} more)"] if left > 0 else []
    help_ = "a scheme is compiled beside the kernel's own names, macros such as current among them: use other names"
    return [*errors[:MOST_ERRORS], *more, *macros[:MOST_ERRORS], help_]


def _check_configuration(fragment: Path, made: Path) -> None:
    """Kconfig drops in silence what it cannot set."""
    wanted = re.findall(r"^CONFIG_\w+=.*$", fragment.read_text(encoding="utf-8"), re.MULTILINE)
    lines = set(made.read_text(encoding="utf-8").split("\n"))
    lost = [line for line in wanted if line not in lines]
    if lost:
        message = f"the kernel's configuration does not take: {', '.join(lost)}"
        raise KernelError(message)
