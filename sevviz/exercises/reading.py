"""Exercises from disk: `NAME.toml`, and `NAME.c` beside it unless the exercise uses a scheme that comes with sevviz.

Keys of every exercise: title, kind, goal, test (one line each), source, story, misconception, study, minutes, hints,
samples; where it plays: scheme, scenario or tasks, signals, initial. Then by kind:

* predict: `[[options]]` label and an event; place keys
* construct: `[target]` an event, at_most (steps); `[choose]` fields of VMs with the values that an answer may give them
* spot: `[[asks]]` field, question, points, hint, options and one of fault, text (with cure), object, holding, an event
* repair: `[[criteria]]` name, rule, points, hint, hidden, gate, like, must, only, locks, flag; reference; fixed
  (functions that an answer may not touch); place keys

An event is `returns = ["0", "-EBUSY"]` or `reach = "deadlock"` (or "livelock", or a kind of fault). `[[samples]]`:
verdict, answer (or edits of the C), says (words that the feedback must have).
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, cast

from sevviz.catalogue import data_folder, scheme_names
from sevviz.csource import suggest
from sevviz.exercises.edits import apply_edits, line_of
from sevviz.exercises.model import (
    FAULTS,
    KINDS,
    RULES,
    Ask,
    Criterion,
    Event,
    Exercise,
    ExerciseError,
    Kind,
    Option,
    Place,
    Sample,
)  # fmt: skip

__all__ = ["exercise_names", "folder", "load_exercise", "read_exercise"]

PLACE_KEYS = ("scheme", "scenario", "tasks", "signals", "initial")
EVENT_KEYS = ("returns", "reach")
TEXT_KEYS = ("title", "kind", "goal", "test", "source", "story", "misconception", "study")
KEYS = {
    "exercise": (
        *TEXT_KEYS, *PLACE_KEYS, "minutes", "hints", "samples", "options", "target", "choose", "asks", "criteria",
        "fixed", "reference",
    ),
    "options": ("label", *EVENT_KEYS, *PLACE_KEYS),
    "target": (*EVENT_KEYS, "at_most"),
    "asks": (
        "field", "question", "points", "hint", "options", "fault", "text", "cure", "object", "holding", *EVENT_KEYS,
        *PLACE_KEYS,
    ),
    "criteria": (
        "name", "rule", "points", "hint", "hidden", "gate", "like", "must", "only", "locks", "flag", *PLACE_KEYS,
    ),
    "samples": ("verdict", "answer", "edits", "says"),
}  # fmt: skip

# These rules have a place of their own unless the criterion names another.
OWN_PLACES = {
    "works": Place(scenario="uncontended"),
    "overlap": Place(scenario="", tasks=("migrate(B, A)", "migrate(D, C)")),
}


def folder(given: str | Path | None = None) -> Path:
    """Where the exercises are: `given`, or $SEVVIZ_EXERCISES, or those that come with sevviz."""
    chosen = given or os.environ.get("SEVVIZ_EXERCISES")
    return Path(chosen) if chosen else data_folder() / "exercises"


def exercise_names(where: str | Path | None = None) -> list[str]:
    """The names of the exercises in a folder: by kind in the order of KINDS, then by name."""
    names = [path.stem for path in folder(where).glob("*.toml")]
    order = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(names, key=lambda name: (order.get(cast("Kind", name.split("_")[0]), len(order)), name))


def load_exercise(name: str, where: str | Path | None = None) -> Exercise:
    """An exercise by its name; raises ExerciseError."""
    names = exercise_names(where)
    if name not in names:
        message = f"no exercise {name!r}{suggest(name, names)}; there are {', '.join(names) or 'none'}"
        raise ExerciseError(message)
    return read_exercise(folder(where) / f"{name}.toml")


def read_exercise(path: Path) -> Exercise:
    """The exercise of a TOML file; raises ExerciseError that names the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path.name}: {error}"
        raise ExerciseError(message) from None
    return _Reader(path, table).exercise()


class _Reader:
    """Turns one table into an Exercise, and says where it cannot."""

    def __init__(self, path: Path, table: dict[str, Any]) -> None:
        self.path = path
        self.file = path.name
        self.table = table

    def fail(self, message: str) -> ExerciseError:
        return ExerciseError(f"{self.file}: {message}")

    def exercise(self) -> Exercise:
        table = self.keys("exercise", self.table)
        texts = {key: self.text(table, key) for key in TEXT_KEYS}
        if texts["kind"] not in KINDS:
            raise self.fail(f"kind {texts['kind']!r} is none of {', '.join(KINDS)}")
        place = self.place(table, Place())
        code, code_name = self.code(str(table.get("scheme", "")))
        target = self.keys("target", table.get("target", {}))
        kind = cast("Kind", texts.pop("kind"))
        return Exercise(
            self.path.stem, kind, **texts, minutes=int(table.get("minutes", 0)), place=place, code=code,
            code_name=code_name, hints=self.strings(table, "hints"),
            options=tuple(self.option(n, t, place) for n, t in enumerate(self.tables("options"))),
            target=self.event(target) if target else Event(), at_most=int(target.get("at_most", 0)),
            choose=tuple((str(k), tuple(v)) for k, v in table.get("choose", {}).items()),
            asks=tuple(self.ask(t, place) for t in self.tables("asks")),
            criteria=tuple(self.criterion(t, place) for t in self.tables("criteria")),
            fixed=self.strings(table, "fixed"),
            reference=self.reference(table, "reference", "starter"),
            samples=tuple(self.sample(t, code) for t in self.tables("samples")),
        )  # fmt: skip

    def keys(self, what: str, table: Any) -> dict[str, Any]:  # noqa: ANN401 - TOML
        if not isinstance(table, dict):
            raise self.fail(f"{what} is not a table")
        for key in table:
            if key not in KEYS[what]:
                raise self.fail(f"unknown key {key!r} in {what}{suggest(key, list(KEYS[what]))}")
        return table

    def tables(self, what: str) -> list[dict[str, Any]]:
        listed = self.table.get(what, [])
        if not isinstance(listed, list):
            raise self.fail(f"{what} is a list of tables: write [[{what}]]")
        return [self.keys(what, table) for table in listed]

    def text(self, table: dict[str, Any], key: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.fail(f"{key} is missing, or not a text")
        return value.strip() if key == "story" else value

    def strings(self, table: dict[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(f"{key} is a list of texts")
        return tuple(value)

    def code(self, scheme: str) -> tuple[str, str]:
        path = data_folder() / "schemes" / f"{scheme}.c" if scheme else self.path.with_suffix(".c")
        if scheme and scheme not in scheme_names():
            raise self.fail(
                f"scheme {scheme!r} is none of {', '.join(scheme_names())}{suggest(scheme, scheme_names())}"
            )
        if not path.is_file():
            raise self.fail(f"there is no {path.name} beside it, and no scheme is named")
        return path.read_text(encoding="utf-8"), path.name

    def place(self, table: dict[str, Any], outer: Place) -> Place:
        """Its own scenario or tasks, or those of the exercise with its own settings on top."""
        own = "scenario" in table or "tasks" in table
        base = Place(scheme=outer.scheme) if own else outer
        scheme = str(table.get("scheme", base.scheme))
        initial = table.get("initial")
        return Place(
            scheme if table is not self.table else "",
            str(table.get("scenario", base.scenario)),
            self.strings(table, "tasks") if own else base.tasks,
            bool(table.get("signals", base.signals)),
            base.initial if initial is None else tuple((str(k), int(v)) for k, v in initial.items()),
        )

    def event(self, table: dict[str, Any]) -> Event:
        reach, returns = str(table.get("reach", "")), self.strings(table, "returns")
        if bool(reach) == bool(returns):
            raise self.fail("an event is either returns or reach")
        if reach and reach not in ("deadlock", "livelock", *FAULTS):
            raise self.fail(f"reach {reach!r} is none of deadlock, livelock, {', '.join(FAULTS)}")
        return Event(returns, reach)

    def option(self, number: int, table: dict[str, Any], place: Place) -> Option:
        return Option("abcdefghijkl"[number], self.text(table, "label"), self.event(table), self.place(table, place))

    def ask(self, table: dict[str, Any], place: Place) -> Ask:
        truths = [key for key in ("fault", "text", "object", "holding", "reach", "returns") if key in table]
        if len(truths) > 1 or not (truths or "options" in table):
            raise self.fail("an ask has one of fault, text, object, holding, reach, returns, or else options of rules")
        event = self.event(table) if "reach" in table or "returns" in table else None
        return Ask(
            self.text(table, "field"), self.text(table, "question"), self.place(table, place),
            int(table.get("points", 1)), str(table.get("hint", "")), self.strings(table, "options"),
            str(table.get("fault", "")), str(table.get("text", "")), self.pairs(table, "cure"),
            str(table.get("object", "")), str(table.get("holding", "")), event,
        )  # fmt: skip

    def pairs(self, table: dict[str, Any], key: str) -> tuple[tuple[str, str], ...]:
        return tuple((str(old), str(new)) for old, new in table.get(key, []))

    def tuples(self, table: dict[str, Any], key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(map(str, item)) for item in table.get(key, []))

    def criterion(self, table: dict[str, Any], place: Place) -> Criterion:
        rule = self.text(table, "rule")
        if rule not in RULES:
            raise self.fail(f"rule {rule!r} is none of {', '.join(RULES)}{suggest(rule, list(RULES))}")
        place = self.place(table, OWN_PLACES.get(rule, place))
        return Criterion(
            self.text(table, "name"), rule, place, int(table.get("points", 1)),
            str(table.get("hint", "")), bool(table.get("hidden", False)), bool(table.get("gate", False)),
            self.reference(table, "like", ""), self.tuples(table, "must"), self.tuples(table, "only"),
            self.strings(table, "locks"), str(table.get("flag", "")),
        )  # fmt: skip

    def reference(self, table: dict[str, Any], key: str, default: str) -> str:
        """A scheme to hold answers against: the starter, or one that comes with sevviz."""
        name = str(table.get(key, default))
        if name not in (default, "starter", *scheme_names()):
            raise self.fail(f"{key} {name!r} is neither starter nor a scheme{suggest(name, scheme_names())}")
        return name

    def sample(self, table: dict[str, Any], code: str) -> Sample:
        answer = str(table.get("answer", ""))
        if "edits" in table:
            answer = apply_edits(code, self.pairs(table, "edits"), f"{self.file}: samples")
        # {text} stands for the number of the line that has the text, so that samples outlive an edit of the C.
        if self.table.get("kind") == "spot":
            answer = re.sub(r"\{(.+)\}$", lambda m: str(line_of(code, m[1], self.file)), answer, flags=re.MULTILINE)
        return Sample(self.text(table, "verdict"), answer, str(table.get("says", "")))
