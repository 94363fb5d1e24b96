"""The schemes and scenarios that come with sevviz, and scheme files of the reader's own."""

from __future__ import annotations

import errno
import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevviz.csource import SIZE_LIMIT, Scheme, Settings, load_scheme, make_program, suggest
from sevviz.errors import ScenarioError, SevvizError
from sevviz.families import FAMILIES, family_member, vm_name

if TYPE_CHECKING:
    from sevviz.model import Program

__all__ = [
    "Scenario", "data_folder", "load", "load_text", "program", "scenario", "scenario_names", "scheme_names", "vm_name",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """Which calls run side by side; see design.md, contract 2."""

    name: str
    title: str
    tasks: tuple[str, ...]
    what: str = ""
    settings: Settings = field(default_factory=Settings)


def data_folder() -> Path:
    """Where the schemes and scenarios are: inside an installed package, or at the top of the checkout."""
    inside = Path(__file__).parent / "_data"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "data"


def scheme_names() -> list[str]:
    """The names of the schemes that come with sevviz, in alphabetical order."""
    return sorted(path.stem for path in (data_folder() / "schemes").glob("*.c"))


def load(name_or_path: str | Path) -> Scheme:
    """A scheme by its name in data/schemes, or from a .c file."""
    written = str(name_or_path)
    path = Path(written)
    if not written.endswith(".c") and re.fullmatch(r"\w+", written):
        path = data_folder() / "schemes" / f"{written}.c"
        if not path.is_file():
            near = suggest(written, scheme_names())
            raise SevvizError(f"no scheme {written!r}{f'{near} Else' if near else ';'} {_where_names_are()}")
    try:
        data = _read(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SevvizError(f"{written}: cannot be read ({reason}); {_where_names_are()}") from None
    return load_scheme(data, path.name if path.parent == data_folder() / "schemes" else written)


def _where_names_are() -> str:
    names = "run `sevviz list` (in Python: sevviz.scheme_names())"
    return f"{names} for the {len(scheme_names())} names, or give the path of a .c file"


def _read(path: Path) -> bytes:
    """What a scheme file has, and no more than shows that it is too long; raises OSError for what is no file."""
    if path.exists() and not path.is_file() and not path.is_dir():
        # A device may never end, and a pipe may never begin.
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


def load_text(text: str | bytes, name: str = "scheme.c") -> Scheme:
    """A scheme from its C text; `name` stands in errors."""
    return load_scheme(text, name)


# Scenarios.


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((data_folder() / "scenarios.toml").read_text(encoding="utf-8"))


def scenario_names() -> list[str]:
    """The names of the scenarios, in the order of the file. Members of families (`ring8`) are understood besides."""
    return list(_table())


def scenario(name: str) -> Scenario:
    """A scenario by its name."""
    table = _table()
    if name in table:
        return make_scenario(name, table[name])
    member = family_member(name)
    if member is not None:
        return Scenario(name, *member)
    sizes = ", ".join(family.usage for family in FAMILIES)
    message = f"no scenario {name!r}{suggest(name, list(table))}; there are {', '.join(table)} and {sizes}"
    raise ScenarioError(message)


_KEYS = {"title", "what", "tasks", "initial", "signals", "retry", "cpus", "memory"}


def make_scenario(name: str, table: dict[str, Any]) -> Scenario:
    """A scenario from a TOML table; raises ScenarioError for a key or value that is not understood."""
    for key in table:
        if key not in _KEYS:
            known = sorted(_KEYS)
            message = f"scenario {name!r}: unknown key {key!r}{suggest(key, known)}; keys are {', '.join(known)}"
            raise ScenarioError(message)
    tasks = table.get("tasks")
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, str) for task in tasks):
        message = f'scenario {name!r}: tasks is a list of calls, such as ["migrate(B, A)", "migrate(A, B)"]'
        raise ScenarioError(message)
    return Scenario(
        name, str(table.get("title", name)), tuple(tasks), str(table.get("what", "")), _settings(name, table)
    )


def _settings(name: str, table: dict[str, Any]) -> Settings:
    initial, retry, cpus = table.get("initial", {}), table.get("retry", 0), table.get("cpus")
    if not isinstance(initial, dict) or not all(isinstance(value, int) for value in initial.values()):
        message = f'scenario {name!r}: initial is a table of numbers, such as {{"A.migration_in_progress" = 1}}'
        raise ScenarioError(message)
    if retry != "forever" and (not isinstance(retry, int) or isinstance(retry, bool) or retry < 0):
        message = f'scenario {name!r}: retry is a number of further attempts or "forever", not {retry!r}'
        raise ScenarioError(message)
    if cpus is not None and (not isinstance(cpus, int) or isinstance(cpus, bool) or cpus < 1):
        message = f"scenario {name!r}: cpus is a number from 1, not {cpus!r}"
        raise ScenarioError(message)
    signals = table.get("signals", False)
    if not isinstance(signals, bool):
        message = f"scenario {name!r}: signals is true or false, not {signals!r}"
        raise ScenarioError(message)
    memory = table.get("memory", "strong")
    if memory not in ("strong", "weak"):
        message = f'scenario {name!r}: memory is "strong" or "weak", not {memory!r}'
        raise ScenarioError(message)
    values = tuple((str(field), int(value)) for field, value in initial.items())
    return Settings(values, signals, None if retry == "forever" else retry, cpus, name, memory == "weak")


def program(
    scheme: Scheme | str | Path,
    scenario_: Scenario | str = "double",
    *,
    tasks: tuple[str, ...] = (),
    signals: bool = False,
) -> Program:
    """A scheme in a scenario. `tasks` take the place of a scenario's; `signals` adds fatal signals to it."""
    loaded = scheme if isinstance(scheme, Scheme) else _load_any(scheme)
    chosen = scenario_ if isinstance(scenario_, Scenario) else scenario(scenario_)
    _keep_names_apart(chosen)
    if tasks:
        chosen = Scenario("", " ‖ ".join(tasks), tuple(tasks))
    settings = chosen.settings
    if signals:
        settings = replace(settings, signals=True)
    renamed = tuple(re.sub(r"(^|;)(\s*)migrate\(", rf"\1\2{loaded.header['entry']}(", task) for task in chosen.tasks)
    return make_program(loaded, chosen.tasks if tasks else renamed, settings)


def _keep_names_apart(chosen: Scenario) -> None:
    """A name means one scenario: recordings of a kernel are found by it."""
    own = scenario(chosen.name) if chosen.name in _table() else chosen
    if (own.tasks, own.settings) != (chosen.tasks, chosen.settings):
        message = f"scenario {chosen.name!r} is one of sevviz's own, with other tasks or settings: choose another name"
        raise ScenarioError(message)


def _load_any(scheme: str | Path) -> Scheme:
    """A name, a path, or the C text itself."""
    if isinstance(scheme, str) and "\n" in scheme:
        return load_text(scheme)
    return load(scheme)
