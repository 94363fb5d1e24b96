"""Questions as data: what is asked, the options, and what was found of each; the form that predict.js shows."""

from __future__ import annotations

import html
import itertools
from typing import TYPE_CHECKING, Any, TypeVar

from sevviz.counting import all_states, counted
from sevviz.errors import SevvizError
from sevviz.schedule import format_schedule
from sevviz.views.names import arrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevviz.model import Program
    from sevviz.verdict import Verdict

__all__ = ["ask_payload", "prediction_payload", "static_html", "static_text"]

_Item = TypeVar("_Item")
MOST_TUPLES = 9  # result tuples offered as options: every pair of three results
SLEEPS = "A task may sleep in atomic context, which the kernel forbids"
ENDLESS = "They go round for ever, although each of them gets its turns"
UNWINDS = "A task gives back more than it has taken, or returns without having given everything back"
UNWOUND_WRONGLY = ("unlock-not-held", "held-at-return", "flag-left-set")

ONCE = "You cannot take it back: that is the point."
WORDS = {
    "commit": "Commit my prediction",
    "hint": f"Tick everything that some interleaving reaches. {ONCE}",
    "you_yes": "You said it can happen.",
    "you_no": "You said it cannot happen.",
    "score": "{right} of {all} right.",
    "yes": "",
    "no": "",
}
MANY_WORDS = WORDS | {
    "hint": f"Tick everything that is so. {ONCE}",
    "you_yes": "You said yes.",
    "you_no": "You said no.",
    "yes": "Yes.",
    "no": "No.",
}
ONE_WORDS = WORDS | {
    "hint": f"Choose one. {ONCE}", "you_yes": "You chose this.", "answer": "→ This is the answer.",
    "right_one": "Right.", "wrong_one": "Not so.", "yes": "This one.",
}  # fmt: skip


def ask_payload(
    question: str, options: Iterable[tuple[str, bool, str]], *, explanation: str = "", one: bool = False
) -> dict[str, Any]:
    """The question as data; the same form as that of `prediction_payload`."""
    asked = [(text, bool(happens), truth) for text, happens, truth in options]
    offered = [{"text": text, "happens": happens, "truth": truth} for text, happens, truth in asked]
    texts = [text for text, _, _ in asked]
    if len(set(texts)) < max(2, len(texts)):
        message = f"ask({question!r}): a question needs at least two different options, not {texts}"
        raise SevvizError(message)
    answers = sum(happens for _, happens, _ in asked)
    if one and answers != 1:
        message = f"ask({question!r}): with one=True exactly one option must be so, not {answers}; leave `one` out"
        raise SevvizError(message)
    return {
        "format": 1,
        "question": question,
        "options": offered,
        "explanation": explanation,
        "one": one,
        "words": ONE_WORDS if one else MANY_WORDS,
    }


def prediction_payload(verdict: Verdict, question: str, explanation: str = "") -> dict[str, Any]:
    """The question, its options and what the search says of each; `happens` is what the search found."""
    if not verdict.complete:
        searched = counted(len(verdict.graph.states), "state")
        message = f"the search stopped after {searched}, so it cannot tell what is impossible: ask about fewer tasks"
        raise SevvizError(message)
    total = verdict.census.interleavings
    options = [_returned(verdict, returns, total) for returns in _result_tuples(verdict)]
    options.append(_bad_end(verdict, "deadlock", "They deadlock: none of the tasks involved ever goes on", total))
    if total is None:  # some schedules have no end, or there are too many to count
        options.append(_endless(verdict))
    options.append(_faults(verdict, ["sleep-in-atomic"], SLEEPS, total))
    if verdict.program.signals:
        options.append(_faults(verdict, UNWOUND_WRONGLY, UNWINDS, total))
    searched = f"Searched: {all_states(len(verdict.graph.states))}."
    return {
        "format": 1,
        "question": question,
        "options": options,
        "explanation": f"{searched} {explanation}".strip(),
        "one": False,
        "words": WORDS,
        "about": _about(verdict.program),
    }


def _about(program: Program) -> dict[str, Any]:
    """What the payload of a stepper for the same program says, too: by it a page finds where to show a schedule."""
    return {
        "scheme": program.name,
        "title": program.title,
        "scenario": {"name": program.scenario},
        "signals": program.signals,
        "tasks": [{"label": task.label} for task in program.tasks],
    }


def _result_tuples(verdict: Verdict) -> list[tuple[str | None, ...]]:
    """Combinations of the results that any task can have: the reachable ones and their neighbours, or some of both."""
    seen = sorted({result for returns in verdict.returns for result in returns if result}, key=_by_result)
    if len(seen) < 2:  # noqa: PLR2004 - a question needs an alternative
        seen = [*seen, "-EBUSY"] if "-EBUSY" not in seen else ["0", *seen]
    count = len(verdict.program.tasks)
    every: list[tuple[str | None, ...]] = list(itertools.product(seen, repeat=count))
    if len(every) <= MOST_TUPLES:
        return every
    alike = [tuple([result] * count) for result in seen][:MOST_TUPLES]
    others = [returns for returns in every if returns not in alike]
    reachable = [returns for returns in others if returns in verdict.returns]
    impossible = [returns for returns in others if returns not in verdict.returns]
    room = MOST_TUPLES - len(alike)
    half = min(len(impossible), room // 2)
    chosen = {*alike, *_spread(reachable, room - half), *_spread(impossible, half)}
    return [returns for returns in every if returns in chosen]


def _by_result(result: str) -> tuple[bool, str]:
    return result != "0", result


def _spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most `count` of the items, from all over the list."""
    return [items[k * len(items) // count] for k in range(count)] if len(items) > count else list(items)


def _in_words(verdict: Verdict, returns: tuple[str | None, ...]) -> str:
    shown = ", ".join(
        f"{arrow(task.label)} returns {result}" for task, result in zip(verdict.program.tasks, returns, strict=True)
    )
    if len(set(returns)) == 1 and len(returns) > 1:
        return f"All of them return {returns[0]}" if len(returns) > 2 else f"Both return {returns[0]}"  # noqa: PLR2004
    return shown


def _times(count: int | None, total: int | None) -> str:
    if count is None or total is None:
        return "some schedules"
    return f"{count:,} of {total:,} schedules"


def _returned(verdict: Verdict, returns: tuple[str | None, ...], total: int | None) -> dict[str, Any]:
    found = next((o for o in verdict.outcomes if o.kind == "returned" and o.returns == returns), None)
    return _option(
        _in_words(verdict, returns), found.interleavings if found else None, total, found.schedule if found else None
    )


def _bad_end(verdict: Verdict, kind: str, text: str, total: int | None) -> dict[str, Any]:
    found = [outcome for outcome in verdict.outcomes if outcome.kind == kind]
    counts = [outcome.interleavings for outcome in found]
    count = None if None in counts else sum(c for c in counts if c is not None)
    return _option(text, count, total, found[0].schedule if found else None)


def _endless(verdict: Verdict) -> dict[str, Any]:
    """Whether there is a livelock: a loop that a fair scheduler can follow. Its schedule goes round twice."""
    lasso = verdict.livelock
    if lasso is None:
        return _option(ENDLESS, None, None, None)
    stem, loop = format_schedule(lasso.stem), format_schedule(lasso.loop)
    truth = f"The search: it happens; {f'after {stem}, ' if stem else ''}again and again: {loop}."
    shown = format_schedule((*lasso.stem, *lasso.loop, *lasso.loop))
    return {"text": ENDLESS, "happens": True, "truth": truth, "schedule": shown}


def _faults(verdict: Verdict, kinds: Sequence[str], text: str, total: int | None) -> dict[str, Any]:
    found = [fault for fault in verdict.faults if fault.fault.kind in kinds]
    shortest = min((fault.schedule for fault in found), key=len, default=None)
    # Faults are counted by kind; a schedule may have several kinds, so those counts do not add up.
    one_kind = len({fault.fault.kind for fault in found}) == 1
    return _option(text, found[0].interleavings if one_kind else None, total, shortest)


def _option(text: str, count: int | None, total: int | None, schedule: tuple[int, ...] | None) -> dict[str, Any]:
    """An option with what the search says of it and, as `schedule`, a shortest schedule to it ("" if there is none)."""
    if schedule is None:
        never = f"0 of {total:,} schedules" if total is not None else "no schedule"
        return {"text": text, "happens": False, "truth": f"The search: it cannot happen ({never}).", "schedule": ""}
    written = format_schedule(schedule)
    shortest = f"shortest: {written}" if written else "without a step"
    truth = f"The search: it happens in {_times(count, total)}; {shortest}."
    return {"text": text, "happens": True, "truth": truth, "schedule": written}


def static_html(payload: dict[str, Any]) -> str:
    """The question for a page without the widget: answers stay folded until asked for."""
    items = "".join(f"<li>{html.escape(option['text'])}</li>" for option in payload["options"])
    answers = "".join(f"<li>{html.escape(line)}</li>" for line in _answers(payload))
    question, explanation = html.escape(payload["question"]), html.escape(payload["explanation"])
    return (
        f"<p><strong>{question}</strong></p><ul>{items}</ul>"
        f"<details><summary>What the search found</summary><ul>{answers}</ul><p>{explanation}</p></details>"
    )


def _answers(payload: dict[str, Any]) -> list[str]:
    words = payload["words"]
    found = [(one["text"], " ".join(filter(None, (words[_so(one)], one["truth"])))) for one in payload["options"]]
    return [f"{text}: {said}" if said else text for text, said in found]


def _so(option: dict[str, Any]) -> str:
    return "yes" if option["happens"] else "no"


def static_text(payload: dict[str, Any]) -> str:
    """The question as plain text, without its answers."""
    return "\n".join([payload["question"], *(f"[ ] {option['text']}" for option in payload["options"])])
