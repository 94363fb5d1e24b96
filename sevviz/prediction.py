"""Predict, commit, reveal: a question whose answer is a finished search.

`sevviz.predict("flag_then_mutex", "double")` in a notebook asks which outcomes that scheme can reach.
"""

from __future__ import annotations

import html
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from sevviz.embedding import embedded
from sevviz.schedule import format_schedule
from sevviz.verdict import Verdict, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme

__all__ = ["Prediction", "predict", "prediction_payload"]

PLAYER = Path(__file__).parent / "player"
MOST_TUPLES = 16  # result tuples offered as options

WORDS = {
    "commit": "Commit my prediction",
    "hint": "Tick everything that some interleaving reaches. You cannot take it back: that is the point.",
    "you_yes": "You said it can happen.",
    "you_no": "You said it cannot happen.",
    "score": "{right} of {all} right.",
}


class Prediction(anywidget.AnyWidget):
    """The question as a widget. `committed` are the options that the reader ticked, None before the commit."""

    _esm = PLAYER / "predict.js"
    _css = PLAYER / "predict.css"
    payload: ClassVar[Any] = traitlets.Dict().tag(sync=True)
    committed: ClassVar[Any] = traitlets.List(traitlets.Int(), allow_none=True, default_value=None).tag(sync=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401 - anywidget's own signature
        """The widget, and for a page without it the question with its answers folded away."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/html"] = static_html(self.payload)
            data["text/plain"] = static_text(self.payload)
            data.update(embedded("predict", self.payload, {}, lambda: static_html(self.payload)))
        return bundle


def predict(
    scheme: Scheme | str | Path,
    scenario: Scenario | str = "double",
    *,
    question: str = "Which of these can happen?",
    explanation: str = "",
    tasks: Sequence[str] = (),
) -> Prediction:
    """Ask which outcomes a scheme can reach in a scenario; the options are reachable and impossible ones."""
    verdict = check(scheme, scenario, tasks=tuple(tasks))
    return Prediction(payload=prediction_payload(verdict, question, explanation))


def prediction_payload(verdict: Verdict, question: str, explanation: str = "") -> dict[str, Any]:
    """The question, its options and what the search says of each; `happens` is what the search found."""
    total = verdict.census.interleavings
    options = [_returned(verdict, returns, total) for returns in _result_tuples(verdict)]
    options.append(_bad_end(verdict, "deadlock", "They deadlock: none of the tasks involved ever goes on", total))
    options.append(_sleeps(verdict, total))
    searched = f"Searched: all {len(verdict.graph.states):,} states."
    return {
        "format": 1,
        "question": question,
        "options": options,
        "explanation": f"{searched} {explanation}".strip(),
        "words": WORDS,
    }


def _result_tuples(verdict: Verdict) -> list[tuple[str | None, ...]]:
    """Every combination of the results that any task can have: the reachable ones and their neighbours."""
    seen = sorted({result for returns in verdict.returns for result in returns if result}, key=lambda r: (r != "0", r))
    if len(seen) < 2:  # noqa: PLR2004 - a question needs an alternative
        seen = [*seen, "-EBUSY"] if "-EBUSY" not in seen else ["0", *seen]
    count = len(verdict.program.tasks)
    every: list[tuple[str | None, ...]] = list(product(seen, repeat=count))
    if len(every) <= MOST_TUPLES:
        return every
    reachable = [outcome.returns for outcome in verdict.outcomes if outcome.kind == "returned"]
    return sorted(set(reachable[:MOST_TUPLES]) | {tuple([result] * count) for result in seen}, key=str)


def _in_words(verdict: Verdict, returns: tuple[str | None, ...]) -> str:
    shown = ", ".join(
        f"{task.label} returns {result}" for task, result in zip(verdict.program.tasks, returns, strict=True)
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


def _sleeps(verdict: Verdict, total: int | None) -> dict[str, Any]:
    found = next((fault for fault in verdict.faults if fault.fault.kind == "sleep-in-atomic"), None)
    text = "A task may sleep in atomic context, which the kernel forbids"
    return _option(text, found.interleavings if found else None, total, found.schedule if found else None)


def _option(text: str, count: int | None, total: int | None, schedule: tuple[int, ...] | None) -> dict[str, Any]:
    if schedule is None:
        never = f"0 of {total:,} schedules" if total is not None else "no schedule"
        return {"text": text, "happens": False, "truth": f"The search: it cannot happen ({never})."}
    shortest = f"shortest: {format_schedule(schedule)}" if schedule else "without a step"
    return {"text": text, "happens": True, "truth": f"The search: it happens in {_times(count, total)}; {shortest}."}


def static_html(payload: dict[str, Any]) -> str:
    """The question for a page without the widget: answers stay folded until asked for."""
    items = "".join(f"<li>{html.escape(option['text'])}</li>" for option in payload["options"])
    answers = "".join(
        f"<li>{html.escape(option['text'])}: {html.escape(option['truth'])}</li>" for option in payload["options"]
    )
    question, explanation = html.escape(payload["question"]), html.escape(payload["explanation"])
    return (
        f"<p><strong>{question}</strong></p><ul>{items}</ul>"
        f"<details><summary>What the search found</summary><ul>{answers}</ul><p>{explanation}</p></details>"
    )


def static_text(payload: dict[str, Any]) -> str:
    """The question as plain text, without its answers."""
    return "\n".join([payload["question"], *(f"[ ] {option['text']}" for option in payload["options"])])
