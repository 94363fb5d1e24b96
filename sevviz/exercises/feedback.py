"""Feedback as pages: one for each student, and an overview. No script, nothing loaded from elsewhere."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from sevviz.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevviz.exercises.mark import Finding, Mark, Verdict

__all__ = ["page_name", "write_feedback"]

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid #888; border-radius: .3rem; font-size: .85rem; }
li { margin: .4rem 0; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #888; vertical-align: top; }
.worth { white-space: nowrap; }
"""

SIGNS = {"met": "✓ met", "undecided": "? undecided", "not reached": "- not reached"}


def write_feedback(folder: Path, marks: Sequence[tuple[str, Mark]]) -> int:
    """Write the pages for (student, mark) pairs; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    students: dict[str, list[Mark]] = {}
    for student, mark in marks:
        students.setdefault(student, []).append(mark)
    for student, own in students.items():
        (folder / page_name(student)).write_text(_student(student, own), encoding="utf-8")
    (folder / "index.html").write_text(_overview(students), encoding="utf-8")
    return len(students) + 1


def page_name(student: str) -> str:
    """A file name for a student, whatever the student is called."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", student).lstrip(".")
    if plain == student and plain != "index":
        return f"{plain}.html"
    return f"{plain}-{hashlib.sha256(student.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}.html"


def _page(title: str, body: list[str]) -> str:
    shown = _text(title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{shown}</title><style>{STYLE}</style></head><body><main>",
            f"<h1>{shown}</h1>",
            *body,
            "</main></body></html>\n",
        ]
    )


def _text(text: str) -> str:
    return escape(text.encode("utf-8", "replace").decode())


def _student(student: str, marks: list[Mark]) -> str:
    points, out_of = sum(mark.points for mark in marks), sum(mark.out_of for mark in marks)
    body = [f"<p>{points} of {counted(out_of, 'point')}.</p>"]
    for mark in marks:
        body.append(f"<h2>{_text(mark.title)}</h2>")
        body.append(f"<p><strong>{mark.verdict}</strong>, {mark.points} of {counted(mark.out_of, 'point')}.</p>")
        body.append(
            f"<p>{_text(mark.message)}</p>" if "\n" not in mark.message else f"<pre>{_text(mark.message)}</pre>"
        )
        if mark.findings:
            body.append("<ul>" + "".join(_finding(finding) for finding in mark.findings) + "</ul>")
        if mark.evidence is not None:
            body.append(f'<pre tabindex="0" aria-label="a schedule that shows it">{_text(mark.evidence.text)}</pre>')
    return _page(f"Feedback for {student}", body)


def _finding(finding: Finding) -> str:
    sign = SIGNS.get(finding.status, f"✗ {finding.status}")
    worth = f' <span class="worth">({finding.points} of {finding.out_of})</span>' if finding.out_of else ""
    hint = f"<br><em>Ask yourself: {_text(finding.hint)}</em>" if finding.hint else ""
    return f"<li><strong>{sign}</strong>: {_text(finding.name)}{worth}<br>{_text(finding.text)}{hint}</li>"


def _overview(students: dict[str, list[Mark]]) -> str:
    rows = []
    for student, marks in students.items():
        points, out_of = sum(mark.points for mark in marks), sum(mark.out_of for mark in marks)
        link = f'<a href="{page_name(student)}">{_text(student)}</a>'
        rows.append(f"<tr><th scope=row>{link}</th><td>{points} of {out_of}</td></tr>")
    every = [mark for marks in students.values() for mark in marks]
    titles = {mark.exercise: mark.title for mark in every}
    counts = {name: Counter(mark.verdict for mark in every if mark.exercise == name) for name in titles}
    listed = "".join(f"<li>{_text(titles[name])}: {_counted(count)}</li>" for name, count in counts.items())
    table = "<table><tr><th scope=col>student</th><th scope=col>points</th></tr>" + "".join(rows) + "</table>"
    return _page("Overview", ["<h2>Verdicts by exercise</h2>", f"<ul>{listed}</ul>", "<h2>Students</h2>", table])


def _counted(count: Counter[Verdict]) -> str:
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(count.items(), key=lambda item: -item[1]))
