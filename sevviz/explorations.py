"""What a reader explored, as a file: scheme, scenario, schedule and a note, in TOML.

The scheme's text goes along with its hash, so that a file can be opened where the scheme has changed since, and says
so.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sevviz.errors import SevvizError

__all__ = ["Exploration", "load_exploration", "save_exploration", "saved_names", "text_hash"]

FORMAT = 1
ENDING = ".sevviz.toml"
NAME = re.compile(r"[\w-]{1,80}")


@dataclass(frozen=True, slots=True)
class Exploration:
    """One moment worth keeping. `scheme` is the name under which `text` was known; `hash` is that of `text`."""

    name: str
    scheme: str
    scenario: str
    schedule: str
    note: str
    text: str
    hash: str = ""


def text_hash(text: str) -> str:
    """The SHA-256 of a scheme's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def saved_names(folder: Path | None = None) -> list[str]:
    """The names of the explorations in a folder (the present one), in alphabetical order."""
    return sorted(path.name.removesuffix(ENDING) for path in (folder or Path()).glob(f"*{ENDING}"))


def save_exploration(exploration: Exploration, folder: Path | None = None) -> Path:
    """Write NAME.sevviz.toml in a folder (the present one) and return its path.

    Raises SevvizError for a name that is no file name, and where nothing can be written. An older file of that name is
    replaced.
    """
    path = _path(exploration.name, folder)
    values: dict[str, object] = {"format": FORMAT, **asdict(exploration), "hash": text_hash(exploration.text)}
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if key != "text"]
    lines.append(f"text = {_toml_text(exploration.text)}")
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise SevvizError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def _toml_text(text: str) -> str:
    """C as it is, where TOML can have it so: people read these files."""
    plain = "'''" not in text and not text.endswith("'") and all(c in "\n\t" or c.isprintable() for c in text)
    return f"'''\n{text}'''" if plain else _toml(text)


def _toml(value: object) -> str:
    # A JSON string with its control characters escaped is a TOML string as well; DEL is the one that TOML adds.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def load_exploration(name: str, folder: Path | None = None) -> Exploration:
    """Read NAME.sevviz.toml from a folder (the present one).

    Raises SevvizError if there is none, with the names that there are, or if it is not one of ours.
    """
    path = _path(name, folder)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        known = ", ".join(saved_names(folder)) or "none yet"
        raise SevvizError(f"no saved exploration {name!r}; there are: {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SevvizError(f"{path}: not TOML ({error})") from None
    return _read(table, name, path)


def _read(table: dict[str, Any], name: str, path: Path) -> Exploration:
    if table.get("format") != FORMAT:
        raise SevvizError(f"{path}: format {table.get('format')!r}, and this sevviz reads format {FORMAT}")
    keys = ("scheme", "scenario", "schedule", "note", "text", "hash")
    wrong = next((key for key in keys if not isinstance(table.get(key), str)), None)
    if wrong:
        raise SevvizError(f"{path}: {wrong} is missing or no text; a saved exploration has {', '.join(keys)}")
    return Exploration(name, **{key: table[key] for key in keys})


def _path(name: str, folder: Path | None) -> Path:
    if not NAME.fullmatch(name):
        raise SevvizError(f"{name!r} cannot be the name of a file: use letters, digits, - and _")
    return (folder or Path()) / f"{name}{ENDING}"
