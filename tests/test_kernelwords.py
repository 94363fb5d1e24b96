"""The kernel's own words beside ours."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.catalogue import scenario_names
from sevviz.errors import SevvizError
from sevviz.kernel.recording import load_recording
from sevviz.views.matrix import matrix


def test_a_recorded_run_shows_what_the_kernel_printed_and_what_sevviz_says() -> None:
    shown = sevviz.kernel_words("naive", "double", "1 2")
    assert shown.kernel[0][0] == "WARNING: possible recursive locking detected"
    assert any("blocked for more than" in lines[0] for lines in shown.kernel)
    assert "lockdep, as modelled: recursive, when task 1 takes a lock of class &kvm->lock\n" in shown.ours
    assert "&kvm->lock" in "\n".join(shown.kernel[0]), "as the kernel says it"
    assert "Deadlock: task 1 (A→B) waits for A.lock" in shown.ours
    assert "run at this interleaving, printed:" in repr(shown)
    assert "<script" not in shown._repr_html_()


def test_silence_is_said_in_words() -> None:
    shown = sevviz.kernel_words("naive_killable", "double", "1 2")
    assert shown.kernel == ()
    assert "printed nothing at all." in shown.head
    assert "Deadlock" in shown.ours


def test_what_became_of_the_tasks_is_told() -> None:
    assert sevviz.kernel_words("naive", "double", "1 2").outcome == (
        "task 1 sleeps (D), waiting for A.lock, which task 2 holds\n"
        "task 2 sleeps (D), waiting for B.lock, which task 1 holds"
    )
    spinning = sevviz.kernel_words("v4", "cpus", "1 1 1 4 2 3", configuration="smp")
    assert "task 2 spins for A.migration_lock, which task 1 holds" in spinning.outcome
    assert "task 4 stands before its next step" in spinning.outcome


def test_on_preempt_rt_the_reasons_for_a_difference_are_told() -> None:
    shown = sevviz.kernel_words("naive_killable", "double", "1 2", configuration="rt")
    assert shown.kernel[0][0] == "rtmutex deadlock detected"
    assert "which does not know PREEMPT_RT:\n* a waiter for a mutex follows the chain of owners" in repr(shown)
    assert len(shown.reasons) == 2
    assert sevviz.kernel_words("naive", "double", "1 2").reasons == ()


@pytest.mark.parametrize("scheme", sevviz.scheme_names())
def test_every_cell_of_the_matrix_has_its_kernel_run(scheme: str) -> None:
    """But for weak memory order, which cannot be forced on a kernel."""
    recording = load_recording(scheme)
    assert recording is not None
    recorded = {(run.scenario, run.schedule) for run in recording.runs}
    cells = matrix([scheme], [name for name in scenario_names() if name != "weak"]).cells
    lacking = [(cell.scenario, cell.schedule) for cell in cells if (cell.scenario, cell.schedule) not in recorded]
    assert lacking == [], "run `sevviz kernel record` again"


def test_without_a_configuration_the_first_that_was_run_is_shown() -> None:
    assert sevviz.kernel_words("v4", "double", "1 1 1 1").configuration == "debug"
    assert sevviz.kernel_words("v4", "cpus", "1 1 1 4 2 3").configuration == "smp"
    assert sevviz.kernel_words("naive", "double", "1 2", configuration="plain").configuration == "plain"


def test_weak_memory_order_is_refused_with_the_reason() -> None:
    with pytest.raises(SevvizError, match="weak memory order cannot be forced on a kernel"):
        sevviz.kernel_words("flag_then_mutex", "weak", "1 1")


def test_what_was_not_recorded_is_refused_with_what_was() -> None:
    with pytest.raises(SevvizError, match=r"no kernel run of naive/double at '1 1' is recorded; recorded are: .*1 2"):
        sevviz.kernel_words("naive", "double", "1 1")


def test_a_lock_that_nobody_initialised_has_no_class() -> None:
    words = sevviz.kernel_words("v4_uninitialised", "double", "1 1 1 1")
    assert words.kernel[0][0] == "INFO: trying to register non-static key."
    assert "non-static-key, when task 1 takes &kvm->svm.sev_info.migration_lock, which has no class" in str(words)
