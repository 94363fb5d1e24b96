"""Claims as HTML: a mail is a short link, the verdict is near the front, a narrow page can make cards of rows."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

import sevviz
from sevviz.claims import claims, decide
from sevviz.views.claimcard import ClaimView


@pytest.fixture(scope="module")
def table() -> BeautifulSoup:
    return BeautifulSoup(sevviz.show_claims()._repr_html_(), "html.parser")


def test_no_message_id_is_shown_but_every_mail_is_linked(table: BeautifulSoup) -> None:
    mails = {claim.source for claim in claims() if "@" in claim.source}
    links = table.find_all("a")
    assert mails
    assert {str(link["href"]) for link in links} == {
        f"https://lore.kernel.org/r/{mail.replace('/', '%2F')}" for mail in mails
    }
    assert {link.get_text() for link in links} == {"mail"}
    assert all("noreferrer" in link["rel"] for link in links)
    assert not any(mail in table.get_text() for mail in mails)


def test_a_source_that_is_no_mail_stays_text(table: BeautifulSoup) -> None:
    others = [claim.source for claim in claims() if "@" not in claim.source]
    assert others
    assert all(other in table.get_text() for other in others)


def test_the_verdict_stands_beside_the_claim_and_each_cell_knows_its_column(table: BeautifulSoup) -> None:
    heads = [head.get_text() for head in table.select("thead")[0].find_all("th")]
    assert heads[:2] == ["claim", "verdict"]
    rows = table.select("tbody tr")
    assert len(rows) == len(claims())
    assert all([cell["data-label"] for cell in row.find_all("td")] == heads for row in rows)


def test_a_card_links_its_mail_too() -> None:
    card = BeautifulSoup(sevviz.show_claim("abba")._repr_html_(), "html.parser")
    assert [link["href"] for link in card.find_all("a")] == ["https://lore.kernel.org/r/YR7iD6kdTUpWwwRn@google.com"]
    assert "Claim (Sean Christopherson, 19 Aug 2021, mail): Taking kvm->lock" in card.get_text()


def test_a_mail_is_no_way_out_of_the_link() -> None:
    decision = decide("abba")
    hostile = decision.claim.__class__(
        **{
            **{name: getattr(decision.claim, name) for name in decision.claim.__slots__},
            "source": '"><script>x</script>/../@a?b#c',
        }
    )
    shown = ClaimView([decision.__class__(hostile, decision.ruling, decision.found)])._repr_html_()
    soup = BeautifulSoup(shown, "html.parser")
    assert soup.script is None
    assert [link["href"] for link in soup.find_all("a")] == [
        "https://lore.kernel.org/r/%22%3E%3Cscript%3Ex%3C%2Fscript%3E%2F..%2F@a%3Fb%23c"
    ]
