"""The mark on an answer: plain data, the same for the same answer, with the evidence that a search found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any, Literal

from sevviz.counting import counted

__all__ = ["FORMAT", "Evidence", "Finding", "Mark", "Status", "Verdict"]

FORMAT = 1
COLUMNS = 88  # of a notebook's output: it breaks what is wider in mid-word

Verdict = Literal[
    "right", "too weak", "too strong", "endless", "too narrow", "too wide", "too long", "wrong", "unreadable",
    "too large", "unanswered", "undecided",
]  # fmt: skip
Status = Literal[
    "met", "too weak", "too strong", "endless", "too narrow", "too wide", "too long", "wrong", "undecided",
    "not reached",
]  # fmt: skip

# A mark's verdict is that of its first finding in this order.
SEVERITY: tuple[Verdict, ...] = (
    "endless", "too weak", "wrong", "too narrow", "too strong", "too wide", "too long", "undecided",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """A schedule that shows something; everything that a stepper needs to open it, and its text twin."""

    on: str  # "your answer", or the name of the scheme that it is shown on
    scheme: str  # C text
    tasks: tuple[str, ...]
    signals: bool
    initial: tuple[tuple[str, int], ...]
    cpus: int | None
    retry: int | None  # None: for ever
    schedule: str
    loop: str = ""  # then, for ever
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one criterion."""

    name: str
    status: Status
    points: int
    out_of: int
    text: str
    hint: str = ""
    evidence: Evidence | None = None
    states: int = 0  # how many were searched for it
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer is worth, and why. `points` are certain; `undecided` is what a larger search could add."""

    exercise: str
    title: str
    verdict: Verdict
    points: int
    out_of: int
    message: str
    undecided: int = 0
    states: int = 0
    findings: tuple[Finding, ...] = ()
    line: int = 0  # of an error in the answer
    column: int = 0

    @property
    def right(self) -> bool:
        """Whether every criterion is met."""
        return self.verdict == "right"

    @property
    def evidence(self) -> Evidence | None:
        """The schedule to look at first: that of the finding that gave the verdict."""
        shown = [finding for finding in self.findings if finding.evidence is not None]
        first = [finding for finding in shown if finding.status == self.verdict]
        return (first or shown)[0].evidence if shown else None

    def to_json(self) -> dict[str, Any]:
        """Plain data for json.dumps; `from_json` reads it."""
        return {"format": FORMAT, **asdict(self)}

    @staticmethod
    def from_json(found: dict[str, Any]) -> Mark:
        """The mark that `to_json` wrote."""
        table = {key: value for key, value in found.items() if key != "format"}
        return Mark(**{**table, "findings": tuple(_finding(item) for item in found["findings"])})

    def __str__(self) -> str:
        worth = f"{self.points} of {counted(self.out_of, 'point')}"
        lines = [f"{self.title}: {self.verdict}, {worth}. {self.message}".rstrip()]
        for finding in self.findings:
            sign = {"met": "[x]", "undecided": "[?]", "not reached": "[-]"}.get(finding.status, "[ ]")
            worth = f" ({finding.points} of {finding.out_of})" if finding.out_of else ""
            lines.append(f"{sign} {finding.name}{worth}: {finding.text}")
            if finding.hint:
                lines.append(f"    Ask yourself: {finding.hint}")
        lines = [_wrapped(line) for text in lines for line in text.split("\n")]
        if self.evidence is not None:
            lines += ["", *(f"    {line}".rstrip() for line in self.evidence.text.split("\n"))]
        return "\n".join(lines)

    __repr__ = __str__


def _wrapped(line: str) -> str:
    """A line of prose, broken between words; one of C, or with a caret under it, as it is."""
    indent = "    "
    if line.startswith(" ") and not line.startswith(f"{indent}Ask"):
        return line
    return fill(
        line, COLUMNS, initial_indent=indent if line.startswith(indent) else "", subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _finding(table: dict[str, Any]) -> Finding:
    evidence = table["evidence"]
    if evidence is not None:
        initial = tuple((str(name), int(value)) for name, value in evidence["initial"])
        evidence = Evidence(**{**evidence, "tasks": tuple(evidence["tasks"]), "initial": initial})
    return Finding(**{**table, "evidence": evidence})
