"""The review queues: deciding by htmx and by plain forms, in bulk, with filters."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import PreferencePair, ReviewState, Rule
from tests.factories import LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def room(curator: User) -> Client:
    client = Client()
    client.force_login(curator)
    return client


def decide(item: Rule | PreferencePair, action: str) -> str:
    noun = "rules" if isinstance(item, Rule) else "pairs"
    return reverse(f"curation:{noun}-decide", args=[item.pk, action])


@pytest.mark.parametrize("factory", [RuleFactory, PairFactory])
@pytest.mark.parametrize(
    ("action", "state"),
    [("approve", "approved"), ("reject", "rejected"), ("skip", "proposed")],
)
def test_htmx_gets_the_decided_row_and_a_toast(
    room: Client, factory: type, action: str, state: str
) -> None:
    item = factory()
    response = room.post(decide(item, action), **HTMX)
    item.refresh_from_db()
    assert item.state == state
    html = response.content.decode()
    assert f'id="item-{item.pk}"' in html
    assert "data-decided" in html
    assert "<html" not in html
    assert json.loads(response["HX-Trigger"])["toast"]["level"] == "ok"


def test_without_scripts_the_page_comes_back(room: Client) -> None:
    rule = RuleFactory()
    back = reverse("curation:rules") + "?flagged=no"
    response = room.post(decide(rule, "approve"), {"next": back})
    assert response.status_code == 302
    assert response["Location"] == back


def test_nobody_is_sent_to_another_site(room: Client) -> None:
    response = room.post(decide(RuleFactory(), "approve"), {"next": "https://evil.example/"})
    assert response["Location"] == reverse("curation:rules")


def test_an_edit_approves_in_other_words(room: Client) -> None:
    rule, pair = RuleFactory(), PairFactory()
    room.post(decide(rule, "edit"), {"text": "Be brief."}, **HTMX)
    room.post(decide(pair, "edit"), {"chosen": "Hi, better."}, **HTMX)
    rule.refresh_from_db()
    pair.refresh_from_db()
    assert (rule.text, rule.state) == ("Be brief.", ReviewState.APPROVED)
    assert (pair.chosen, pair.state) == ("Hi, better.", ReviewState.APPROVED)


def test_an_empty_edit_is_refused_with_the_reason(room: Client) -> None:
    rule = RuleFactory()
    response = room.post(decide(rule, "edit"), {"text": " "}, **HTMX)
    assert response.status_code == 400
    assert "empty" in response.content.decode()
    rule.refresh_from_db()
    assert rule.state == ReviewState.PROPOSED


def test_an_unknown_action_is_not_there(room: Client) -> None:
    assert room.post(decide(RuleFactory(), "burn")).status_code == 404


def test_bulk_approval_takes_the_ticked_unflagged_ones(room: Client) -> None:
    ticked, flagged, left = RuleFactory(), RuleFactory(flags=["degenerate"]), RuleFactory()
    url = reverse("curation:rules-bulk", args=["approve"])
    room.post(url, {"item": [str(ticked.pk), str(flagged.pk), "no-uuid"]})
    states = [Rule.objects.get(pk=rule.pk).state for rule in (ticked, flagged, left)]
    assert states == [ReviewState.APPROVED, ReviewState.PROPOSED, ReviewState.PROPOSED]


def test_the_queue_shows_what_waits_and_skipped_ones_last(room: Client) -> None:
    first, second = RuleFactory(text="First rule."), RuleFactory(text="Second rule.")
    RuleFactory(text="Done rule.", state=ReviewState.APPROVED)
    room.post(decide(first, "skip"))
    html = room.get(reverse("curation:rules")).content.decode()
    assert html.index(second.text) < html.index(first.text)
    assert "Done rule." not in html


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?flagged=yes", {"Flagged rule."}),
        ("?flagged=no", {"Plain rule."}),
        ("?state=approved", {"Approved rule."}),
        ("?state=all", {"Flagged rule.", "Plain rule.", "Approved rule."}),
        ("?q=plain", {"Plain rule."}),
        ("?state=nonsense&cluster=nonsense", {"Flagged rule.", "Plain rule."}),
    ],
)
def test_filters_stand_in_the_url(room: Client, query: str, shown: set[str]) -> None:
    RuleFactory(text="Flagged rule.", flags=["degenerate"])
    RuleFactory(text="Plain rule.")
    RuleFactory(text="Approved rule.", state=ReviewState.APPROVED)
    html = room.get(reverse("curation:rules") + query).content.decode()
    every = ("Flagged rule.", "Plain rule.", "Approved rule.")
    assert {text for text in every if text in html} == shown


def test_text_of_people_is_never_obeyed(room: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    entry = LogEntryFactory(query=evil, response=evil, correction=evil + "!")
    RuleFactory(entry=entry, text=evil)
    PairFactory(entry=entry, chosen=evil + "!")
    for url in (
        reverse("curation:rules"),
        reverse("curation:pairs"),
        reverse("curation:entry", args=[entry.pk]),
    ):
        assert "<img src=x" not in room.get(url).content.decode(), url


def test_reviewed_rules_lead_to_the_pairs_that_wait(room: Client) -> None:
    PairFactory()
    page = room.get(reverse("curation:rules")).content.decode()
    assert "1 pair still waits to be reviewed" in page
    assert "To the pairs" in page


def test_a_rule_says_in_words_where_it_comes_from(room: Client) -> None:
    RuleFactory(strategy="edit")
    assert "from a correction" in room.get(reverse("curation:rules")).content.decode()


def test_an_empty_queue_says_what_comes_next(room: Client) -> None:
    assert "All reviewed" in room.get(reverse("curation:pairs")).content.decode()
