"""Every claim of data/claims.toml is decided by its searches, and comes out as the file says."""

from __future__ import annotations

from html import unescape

import pytest

import sevviz
from sevviz import claims as claims_module
from sevviz.claims import Claim, Search, claims, decide, holds
from sevviz.errors import SevvizError
from sevviz.kernel.recording import load_recording
from sevviz.views.claimcard import ClaimView


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: claim.id)
def test_the_searches_decide_the_claim_as_written(claim: Claim) -> None:
    decision = decide(claim)
    assert decision.ruling == claim.verdict, [
        (search.title, search.holds, found) for search, found, _ in decision.found
    ]
    assert all(verdict.complete for _, _, verdict in decision.found)
    assert claim.by, "every claim names who made it"
    assert claim.source, "and where"


def test_the_file_has_claims_of_every_ruling() -> None:
    assert {claim.verdict for claim in claims()} == {"confirmed", "refuted", "depends"}


def test_what_nobody_said_in_the_thread_stands_under_our_additions() -> None:
    said = [claim for claim in claims() if not claim.ours]
    added = [claim for claim in claims() if claim.ours]
    assert all(claim.date.year == 2021 and "@" in claim.source for claim in said)
    assert not any("@" in claim.source for claim in added)
    view = ClaimView([decide(claim) for claim in (said[0], added[0], said[3])])
    for shown in (view.text, unescape(view._repr_html_())):
        places = [shown.index(told) for told in ("Claims of the thread: 2", said[0].text, said[3].text)]
        places += [shown.index(told) for told in ("Our additions: 1 claim, each", added[0].text)]
        assert places == sorted(places)
    assert view._repr_html_().count("<table") == 2
    assert "thread" not in ClaimView([decide(added[0])]).text


def test_the_hang_of_v4_is_the_one_that_a_kernel_was_recorded_in() -> None:
    verdict = sevviz.check("v4", "cpus")
    assert (1, 1, 1, 4, 2, 3) in [outcome.schedule for outcome in verdict.deadlocks]
    recording = load_recording("v4")
    assert recording is not None
    (run,) = [
        run for run in recording.runs
        if (run.configuration, run.scenario, run.schedule) == ("smp", "cpus", "1 1 1 4 2 3")
    ]  # fmt: skip
    assert set(run.returns) == {None}, "no task ever returned"
    assert "soft-lockup" in {report[0] for report in run.reports}


@pytest.mark.parametrize("change", ["ab", ["a"], ["a", "b", "c"], [1, 2]])
def test_a_change_is_two_strings(change: object) -> None:
    with pytest.raises(SevvizError, match="two strings: what goes, and what comes"):
        claims_module._search({"scheme": "naive", "holds": "deadlock", "change": change})  # noqa: SLF001


def test_an_unfinished_search_decides_nothing_but_what_it_has_seen() -> None:
    cut = sevviz.check("naive", "double", limit=5)
    assert not cut.complete
    assert holds("no livelock", cut) is None
    assert holds("reaches 0, 0", cut) is None
    found = sevviz.check("naive", "double", limit=15)
    assert holds("deadlock", found) is True
    assert holds("no deadlock", found) is False


def test_a_statement_that_means_nothing_is_refused() -> None:
    with pytest.raises(SevvizError, match="'probably fine' is not a statement that can be decided"):
        holds("probably fine", sevviz.check("naive"))


def test_a_search_names_itself() -> None:
    assert Search("v4", "double", (), "clean").title == "v4 / double"
    assert Search("v4", "", ("migrate(B, A)", "ioctl(A)"), "clean").title == "v4 / migrate(B, A) ‖ ioctl(A)"
    assert Search("v4", "double", (), "clean", ("a", "b")).title == "v4, with the change / double"


def test_a_change_that_the_scheme_has_no_place_for_is_refused() -> None:
    with pytest.raises(SevvizError, match=r"claims: naive has 'nowhere' 0 times; a change needs it once"):
        _ = Search("naive", "double", (), "clean", ("nowhere", "")).searched
