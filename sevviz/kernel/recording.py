"""What a real kernel did, kept for those who have none: `data/kernel/SCHEME.json`.

Written by `sevviz kernel record` only. A recording belongs to one text of a scheme (its hash is in it) and tells, for
chosen schedules, how the run ended, what the kernel reported and in which words.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple

from sevviz.catalogue import data_folder, load, scenario_names, scheme_names
from sevviz.errors import SevvizError
from sevviz.report import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sevviz.csource import Scheme
    from sevviz.kernel.configuration import Configuration
    from sevviz.kernel.transcript import Turn

__all__ = [
    "Kept", "RecordedRun", "Recording", "digest", "folder", "keep_runs", "keep_table", "kept_head", "kept_table",
    "load_recording", "scheme_hash", "store", "table_head", "trace_digest",
]  # fmt: skip

FORMAT = 2
SAME = ""  # in a file, for the turns of a run that are its schedule


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One boot: the schedule of the model, the turns that made the kernel take it, and what came of it."""

    configuration: str  # "debug", "plain", "smp" or "rt"
    scenario: str
    schedule: str
    turns: str
    returns: list[int | None]  # each task's result, None for those that did not return
    waits: list[list[object]]  # [task, lock, holder, how]: D, K, S asleep, R spinning, "-" not begun on one CPU
    reports: list[list[object]]  # [kind, task]
    trace: str  # trace_digest of all that the tasks did
    words: list[str]  # keys of Recording.words


@dataclass(frozen=True, slots=True)
class Recording:
    """All recorded runs of one text of a scheme."""

    scheme: str
    sha256: str
    kernel: str  # the version of Debian's linux-source
    runs: tuple[RecordedRun, ...]
    words: dict[str, tuple[str, ...]]  # the kernel's reports, line by line, trimmed

    def find(self, scenario: str, schedule: str, configuration: str = "debug") -> RecordedRun | None:
        """The run of a schedule, None where there is none."""
        wanted = (configuration, scenario, schedule)
        return next((run for run in self.runs if (run.configuration, run.scenario, run.schedule) == wanted), None)

    def only(self, runs: Iterable[RecordedRun]) -> Recording:
        """The recording with some of its runs."""
        return replace(self, runs=tuple(runs))

    def said(self, run: RecordedRun) -> list[str]:
        """The kernel's own words in a run."""
        return [line for key in run.words for line in self.words[key]]


class Kept(NamedTuple):
    """A file that was written, and what of its old content is not of the same any more ("" for nothing)."""

    path: Path
    dropped: str = ""


def folder() -> Path:
    """Where the recordings are."""
    return data_folder() / "kernel"


def scheme_hash(scheme: Scheme) -> str:
    """Names the text that a recording belongs to."""
    return digest([scheme.text.text])


def digest(lines: Iterable[str]) -> str:
    """A short name for lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def trace_digest(turns: Sequence[Turn]) -> str:
    """A short name for all that the tasks did, step by step: the model's and the kernel's must be the same."""
    return digest(line for word, lines in turns for line in (f"turn {word}", *lines))


def load_recording(scheme: str) -> Recording | None:
    """The recording of a scheme, None if there is none."""
    path = _path(scheme)
    if not path.is_file():
        return None
    table = json.loads(path.read_text(encoding="utf-8"))
    read = [RecordedRun(**dict(zip(table["columns"], row, strict=True))) for row in table["runs"]]
    runs = tuple(replace(run, turns=run.schedule) if run.turns == SAME else run for run in read)
    words = {key: tuple(lines) for key, lines in table["words"].items()}
    return Recording(table["scheme"], table["sha256"], table["kernel"], runs, words)


def _path(scheme: str) -> Path:
    return folder() / f"{scheme}.json"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); use a checkout that you may write in"
        raise SevvizError(message) from None


def store(recording: Recording) -> Path:
    """Write a recording: JSON with a run on each line, so that a change of one is a change of one line."""
    head = {
        "format": FORMAT, "scheme": recording.scheme, "sha256": recording.sha256, "kernel": recording.kernel,
        "columns": [field.name for field in fields(RecordedRun)],
    }  # fmt: skip
    opening = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    short = [replace(run, turns=SAME) if run.turns == run.schedule else run for run in recording.runs]
    runs = ",\n  ".join(json.dumps(astuple(run), ensure_ascii=False) for run in short)
    told = json.dumps(recording.words, ensure_ascii=False, indent=1)
    path = _path(recording.scheme)
    _write(path, f'{{\n{opening},\n "runs": [\n  {runs}\n ],\n "words": {told}\n}}\n')
    return path


def keep_table(
    configuration: Configuration, schemes: Mapping[str, tuple[str, str]], rows: Sequence[tuple[str, ...]]
) -> Kept:
    """Put the table of a comparison into the kept one; its other rows stay where they are of the same still.

    That is the same kernel, the scheme's text as it is now, and, of the schemes compared, the same basis. `schemes`
    has, by name, the hash of each scheme's text and the basis of the comparison.
    """
    path, shipped = _table_path(configuration.name), {name: scheme_hash(load(name)) for name in scheme_names()}
    texts, old = _read_table(path) if path.is_file() else ({}, [])
    head = table_head(configuration)
    before = kept_head(configuration.name) if old else head
    fresh = {(row[0], row[1]) for row in rows[1:]}
    others = [row for row in old if (row[0], row[1]) not in fresh]
    stale = {name for name, kept in texts.items() if schemes.get(name, kept) != kept or kept[0] != shipped.get(name)}
    current = [row for row in others if before == head and row[0] not in stale]
    place = {name: number for number, name in enumerate(scenario_names())}
    body = sorted([*current, *rows[1:]], key=lambda row: (row[0], place.get(row[1], len(place)), row[1]))
    texts |= schemes
    named = sorted({row[0] for row in body})
    hashes = table([("scheme", "text", "basis"), *((name, *texts[name]) for name in named)])
    _write(path, "\n".join([head, "", *table([rows[0], *body], right=(2, 3, 4, 5)), "", *hashes, ""]))
    lost = sorted({row[0] for row in others if row not in current})
    if not lost:
        return Kept(path)
    what = f"{len(others) - len(current)} rows of {', '.join(lost)}"
    why = f"were of {before!r}" if before != head else "were of another text, model or runner"
    wanted = "--all" if before != head else " ".join(name for name in lost if name in shipped)
    return Kept(path, _dropped(path, f"{what} {why}", f"compare {wanted} --keep", configuration.name) if wanted else "")


def _dropped(path: Path, what: str, command: str, *configurations: str) -> str:
    commands = " and ".join(f"`sevviz kernel {command} --configuration {name}`" for name in configurations)
    return f"{path.name}: {what} and are dropped; {commands} bring{'s' * (len(configurations) == 1)} them back"


def keep_runs(fresh: Recording, configuration: str) -> Kept:
    """Write the recording of one configuration; runs of others stay if they are of the same text and kernel."""
    kept, dropped = load_recording(fresh.scheme), ""
    others = [run for run in kept.runs if run.configuration != configuration] if kept else []
    if kept and (kept.sha256, kept.kernel) != (fresh.sha256, fresh.kernel):
        names = sorted({run.configuration for run in others})
        why = f"of kernel {kept.kernel}" if kept.kernel != fresh.kernel else "of another text of the scheme"
        if others:
            what = f"{len(others)} runs of {', '.join(names)} were {why}"
            dropped = _dropped(_path(fresh.scheme), what, f"record {fresh.scheme}", *names)
    elif kept:
        fresh = replace(fresh, runs=(*fresh.runs, *others), words={**kept.words, **fresh.words})
    used = {key for run in fresh.runs for key in run.words}
    runs = tuple(sorted(fresh.runs, key=_order))
    return Kept(store(replace(fresh, runs=runs, words={key: fresh.words[key] for key in sorted(used)})), dropped)


def _order(run: RecordedRun) -> tuple[object, ...]:
    return (run.configuration, run.scenario, len(run.schedule), run.schedule)


def table_head(configuration: Configuration) -> str:
    """The first line of a table: of which kernel it is."""
    from sevviz.kernel.build import source_version

    return f"Kernel {source_version()}, configuration {configuration.name}: {configuration.what}"


def kept_head(configuration: str) -> str:
    """The first line of the kept table."""
    return _table_path(configuration).read_text(encoding="utf-8").partition("\n")[0]


def kept_table(configuration: str) -> tuple[dict[str, tuple[str, str]], list[tuple[str, ...]]]:
    """The hashes of the schemes in the kept table, each with the basis of its comparison; and the table's rows."""
    return _read_table(_table_path(configuration))


def _table_path(configuration: str) -> Path:
    return folder() / f"compared_{configuration}.txt"


def _read_table(path: Path) -> tuple[dict[str, tuple[str, str]], list[tuple[str, ...]]]:
    _, body, hashes = path.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
    rows = [tuple(re.split(r"  +", line.strip())) for line in body.split("\n")[1:]]
    named = (line.split() for line in hashes.split("\n")[1:])
    return {name: (text, basis) for name, text, basis in named}, rows
