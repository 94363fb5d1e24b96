"""Predict, commit, reveal: a question, and beside the reader's answer what was found.

`sevviz.predict("flag_then_mutex", "double")` in a notebook asks which outcomes that scheme can reach; a finished search
answers. `sevviz.ask` asks anything else that a notebook finds out by itself.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from sevviz.embedding import embedded
from sevviz.questions import ask_payload, prediction_payload, static_html, static_text
from sevviz.verdict import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sevviz.catalogue import Scenario
    from sevviz.csource import Scheme

__all__ = ["Prediction", "ask", "predict"]

PLAYER = Path(__file__).parent / "player"
_NUMBERS = itertools.count(1)


class Prediction(anywidget.AnyWidget):
    """The question as a widget. `committed` are the options that the reader ticked, None before the commit."""

    _esm = PLAYER / "predict.js"
    _css = PLAYER / "predict.css"
    payload: ClassVar[Any] = traitlets.Dict().tag(sync=True)
    committed: ClassVar[Any] = traitlets.List(traitlets.Int(), allow_none=True, default_value=None).tag(sync=True)

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - anywidget's own signature
        super().__init__(**kwargs)
        self.key = f"question {next(_NUMBERS)}"  # by which a page knows which steppers wait for the answer

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:  # noqa: ANN401 - anywidget's own signature
        """The widget, and for a page without it the question with its answers folded away."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data["text/html"] = static_html(self.payload)
            data["text/plain"] = static_text(self.payload)
            data.update(embedded("predict", self.payload, {"question": self.key}, lambda: static_html(self.payload)))
        return bundle


def predict(
    scheme: Scheme | str | Path,
    scenario: Scenario | str = "double",
    *,
    question: str = "Which of these can happen?",
    explanation: str = "",
    tasks: Sequence[str] = (),
) -> Prediction:
    """Ask which outcomes a scheme can reach in a scenario; the options are reachable and impossible ones.

    Raises SevvizError where the search does not finish: it could not say of anything that it is impossible.
    """
    verdict = check(scheme, scenario, tasks=tuple(tasks))
    return Prediction(payload=prediction_payload(verdict, question, explanation))


def ask(
    question: str, options: Iterable[tuple[str, bool, str]], *, explanation: str = "", one: bool = False
) -> Prediction:
    """Ask what the notebook has found out, or will have when the cell is run.

    Each option is its text, whether it is so, and what was found, which is shown after the commit only. With `one` the
    reader chooses a single option. Raises SevvizError for a question that asks nothing, or has not one answer then.
    """
    return Prediction(payload=ask_payload(question, options, explanation=explanation, one=one))
