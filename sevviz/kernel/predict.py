"""Which of the predicted reports a kernel can make: a kernel without the check for something says nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevviz.kernel.build import Configuration
    from sevviz.kernel.script import Finding, Prediction

__all__ = ["expected"]

ALWAYS = ("hung-task",)  # DETECT_HUNG_TASK is all that the plain configuration has


def expected(prediction: Prediction, configuration: Configuration) -> frozenset[Finding]:
    """The reports of a kernel of this configuration."""
    if configuration.name == "plain":
        return frozenset(finding for finding in prediction.findings if finding.kind in ALWAYS)
    return prediction.findings
