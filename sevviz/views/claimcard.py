"""Claims of the thread as cards and as a table: who said it, what the searches found, the verdict."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from sevviz.claims import claims, decide
from sevviz.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.claims import Decision

__all__ = ["ClaimView", "show_claim", "show_claims"]

MARKS = {"confirmed": "✓ confirmed", "refuted": "✗ refuted", "depends": "◐ depends", "inconclusive": "? inconclusive"}
BORDERS = {"confirmed": "solid", "refuted": "dashed", "depends": "dotted", "inconclusive": "double"}
COLUMNS = ("claim", "verdict", "by", "decided by", "lesson")
LEFT = "text-align: left; vertical-align: top"
ARCHIVE = "https://lore.kernel.org/r/"  # the list's archive finds a mail by its Message-ID


class ClaimView:
    """Decided claims; shows as HTML in a notebook and as text elsewhere."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        self.decisions = tuple(decisions)

    @property
    def text(self) -> str:
        """The claims, one paragraph each; those of the thread and ours under headings of their own."""
        if len(self.decisions) == 1:
            return _text(self.decisions[0])
        return "\n\n".join(
            "\n\n".join([_heading(name, part), *map(_text, part)]) for name, part in _parts(self.decisions)
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        if len(self.decisions) == 1:
            return _card(self.decisions[0])
        return "".join(_table(part, _heading(name, part)) for name, part in _parts(self.decisions))


def show_claim(identifier: str) -> ClaimView:
    """Decide one claim of data/claims.toml by its searches, here and now."""
    return ClaimView([decide(identifier)])


def show_claims() -> ClaimView:
    """Decide all claims."""
    return ClaimView([decide(claim) for claim in claims()])


def _parts(decisions: Sequence[Decision]) -> list[tuple[str, list[Decision]]]:
    """What was said in the thread, and what sevviz adds to it; without what is empty."""
    said = [decision for decision in decisions if not decision.claim.ours]
    added = [decision for decision in decisions if decision.claim.ours]
    return [(name, part) for name, part in (("Claims of the thread", said), ("Our additions", added)) if part]


def _heading(name: str, part: Sequence[Decision]) -> str:
    return f"{name}: {counted(len(part), 'claim')}, each decided by finished searches"


def _found(decision: Decision) -> list[str]:
    words = {True: "holds", False: "does not hold", None: "cannot be told: the search did not finish"}
    return [f"{search.title}: “{search.holds}” {words[result]}" for search, result, _ in decision.found]


def _text(decision: Decision) -> str:
    claim = decision.claim
    found = "".join(f"\n  - {line}" for line in _found(decision))
    head = f"{claim.by}, {claim.date:%d %b %Y} ({claim.source}):\n  {claim.text}"
    return f"{head}\n{MARKS[decision.ruling]} in {counted(decision.states, 'state')}{found}\n  {claim.lesson}"


def _table(decisions: Sequence[Decision], caption: str) -> str:
    """Claims as rows. A narrow page makes a card of each row, with the heading of its column before each cell."""
    rows = "".join(_row(decision) for decision in decisions)
    head = "".join(f'<th scope="col" style="{LEFT}">{name}</th>' for name in COLUMNS)
    shown = f'<caption style="text-align: left"><strong>{escape(caption)}</strong></caption>'
    table = f'<table class="sevviz-claims">{shown}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div style="overflow-x: auto">{table}</div>'


def _source(source: str) -> str:
    """Where a claim was made: a link for a mail, whose Message-ID says nothing to a reader; the words otherwise."""
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", source):
        return _with_breaks(source)
    address = f"{ARCHIVE}{quote(source, safe='@=+')}"
    return f'<a href="{escape(address)}" rel="noreferrer" title="{escape(source)}">mail</a>'


def _with_breaks(words: str) -> str:
    """Text as HTML that may break after a slash or an underscore: paths and names in C are long words."""
    return re.sub(r"([/_])(?=\w)", r"\1<wbr>", escape(words))


def _card(decision: Decision) -> str:
    claim = decision.claim
    items = "".join(f"<li>{escape(line)}</li>" for line in _found(decision))
    style = f"border-left: 5px {BORDERS[decision.ruling]} #0072b2; padding: 0.2em 1em; margin: 0.5em 0; max-width: 46em"
    return (
        f'<div class="sevviz-claim {decision.ruling}" style="{style}">'
        f"<p><strong>Claim</strong> ({escape(claim.by)}, {claim.date:%d %b %Y}, {_source(claim.source)}): "
        f"{escape(claim.text)}</p>"
        f"<p><strong>{MARKS[decision.ruling]}</strong>, by a finished search of "
        f"{counted(decision.states, 'state')}:</p>"
        f"<ul>{items}</ul><p>{escape(claim.lesson)}</p></div>"
    )


def _row(decision: Decision) -> str:
    claim = decision.claim
    cells = (
        escape(claim.text),
        f"<strong>{MARKS[decision.ruling].replace(' ', '&nbsp;')}</strong>",
        f"{escape(claim.by)}<br>{claim.date:%d %b %Y}, {_source(claim.source)}",
        "<br>".join(_with_breaks(line) for line in _found(decision)),
        escape(claim.lesson),
    )
    named = zip(COLUMNS, cells, strict=True)
    return "<tr>" + "".join(f'<td data-label="{name}" style="{LEFT}">{cell}</td>' for name, cell in named) + "</tr>"
