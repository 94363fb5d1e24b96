"""Every claim of data/claims.toml is decided by its searches, and comes out as the file says."""

from __future__ import annotations

import pytest

import sevviz
from sevviz.claims import Claim, Search, claims, decide, holds
from sevviz.errors import SevvizError


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
