"""What an exercise is made of, as plain frozen values. Its form on disk is described in `reading`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sevviz.errors import SevvizError

__all__ = [
    "FAULTS", "KINDS", "RULES", "Ask", "Criterion", "Event", "Exercise", "ExerciseError", "Kind", "Option", "Place",
    "Rule", "Sample",
]  # fmt: skip

Kind = Literal["predict", "construct", "spot", "repair"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Rule = Literal[
    "clean", "safe", "no-deadlock", "no-fault", "no-livelock", "returns", "winner", "works", "overlap", "protected",
    "killable", "guarded",
]  # fmt: skip
RULES: tuple[Rule, ...] = get_args(Rule)

FAULTS = (
    "sleep-in-atomic", "unlock-not-held", "held-at-return", "flag-left-set", "exclusion", "self-deadlock",
)  # fmt: skip

Returns = tuple[str, ...]


class ExerciseError(SevvizError):
    """An exercise file that is not understood; the text names the file, the key and what was possible."""


@dataclass(frozen=True, slots=True)
class Place:
    """A scheme and what runs side by side in it. `scheme` is "" for the exercise's own C (or the answer)."""

    scheme: str = ""
    scenario: str = "double"
    tasks: tuple[str, ...] = ()  # take the place of the scenario's
    signals: bool = False
    initial: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a schedule can come to: a tuple of results, or "deadlock", "livelock" or a kind of fault."""

    returns: Returns = ()
    reach: str = ""

    def __str__(self) -> str:
        return f"the results {', '.join(self.returns)}" if self.returns else f"a {self.reach}"


@dataclass(frozen=True, slots=True)
class Option:
    """One ending of a prediction. Whether it can happen is not written down: a search says so."""

    key: str  # "a", "b" ...
    label: str
    event: Event
    place: Place


@dataclass(frozen=True, slots=True)
class Ask:
    """One field of a spot exercise. Exactly one of the sources of the truth is set."""

    field: str
    question: str
    place: Place
    points: int = 1
    hint: str = ""
    options: tuple[str, ...] = ()
    fault: str = ""  # a line on which this fault happens
    text: str = ""  # the line with this text, which `cure` mends
    cure: tuple[tuple[str, str], ...] = ()
    object: str = ""  # the object of this kind of fault
    holding: str = ""  # a spinlock held at this kind of fault
    event: Event | None = None  # yes or no: can it happen?


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a repaired scheme must do, worth points of its own."""

    name: str
    rule: Rule
    place: Place
    points: int = 1
    hint: str = ""
    hidden: bool = False
    gate: bool = False  # without it, no other points count
    like: str = ""  # returns: exactly as this scheme ("starter" or a name)
    must: tuple[Returns, ...] = ()
    only: tuple[Returns, ...] = ()
    locks: tuple[str, ...] = ()
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """An answer with the verdict that it deserves: what the linter and the tests try."""

    verdict: str
    answer: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise, of one of four kinds; the fields of the other kinds are empty."""

    name: str
    kind: Kind
    title: str
    goal: str
    test: str
    source: str
    story: str
    misconception: str
    study: str
    minutes: int
    place: Place
    code: str  # C text of the scheme that the reader sees; what a repair starts from
    code_name: str  # "v4.c": stands in errors
    hints: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    target: Event = Event()
    at_most: int = 0
    choose: tuple[tuple[str, tuple[int, ...]], ...] = ()
    asks: tuple[Ask, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    fixed: tuple[str, ...] = ()  # functions that a repair may not touch
    reference: str = "starter"  # where a missing outcome or overlap is shown
    samples: tuple[Sample, ...] = ()

    @property
    def variable(self) -> str:
        """The Python name that its answer has in a notebook."""
        return f"answer_{self.name}"

    def hint(self, number: int) -> str:
        """Its hint of a number from 0, or its last one."""
        return self.hints[min(number, len(self.hints) - 1)] if self.hints else ""
