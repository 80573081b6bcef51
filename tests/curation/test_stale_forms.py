"""A form that shows an item as it no longer is changes nothing, and says how the item stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import ReviewState, Rule
from curation.services import deciding, opinions, review
from curation.services.seen import seen_stamp
from tests.factories import PairFactory, RuleFactory
from uno_site.accounts.models import User
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
Factory = Callable[..., Any]
NOUNS = [("rules", RuleFactory, "text"), ("pairs", PairFactory, "chosen")]


@pytest.fixture
def room(curator: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(curator)


def stamps(client: Client, noun: str, item: Any) -> set[str]:
    """What the forms of the item's page send as seen."""
    html = client.get(reverse(f"curation:{noun}-item", args=[item.pk])).content.decode()
    found = re.findall(r'name="seen" value="(\w+)"', html)
    assert len(found) == 2  # the decisions' form and the edit's
    return set(found)


def post(client: Client, noun: str, item: Any, action: str, **data: str) -> Any:
    return client.post(reverse(f"curation:{noun}-decide", args=[item.pk, action]), data, **HTMX)


@pytest.mark.parametrize(("noun", "factory", "field"), NOUNS)
def test_a_stale_edit_writes_over_nobody(
    room: Client, admin: User, noun: str, factory: Factory, field: str
) -> None:
    item = factory()
    [seen] = stamps(room, noun, item)
    review.item_edit(item=item, text="The admin's words.", by=admin)
    answer = post(room, noun, item, "edit", **{field: "My words.", "seen": seen})
    assert answer.status_code == 409
    told = answer.content.decode()
    assert "Somebody else changed this one meanwhile." in told
    assert "Approved, “The admin&#x27;s words.”" in told
    item.refresh_from_db()
    assert getattr(item, field) == "The admin's words."


@pytest.mark.parametrize(("noun", "factory", "field"), NOUNS)
@pytest.mark.parametrize("action", ["approve", "skip", "ask"])
def test_a_stale_decision_reverses_none(
    room: Client, admin: User, noun: str, factory: Factory, field: str, action: str
) -> None:
    item = factory()
    [seen] = stamps(room, noun, item)
    review.item_reject(item=item, by=admin)
    answer = post(room, noun, item, action, seen=seen)
    assert answer.status_code == 409
    assert "It is now: Rejected" in answer.content.decode()
    item.refresh_from_db()
    assert (item.state, item.second_opinion) == (ReviewState.REJECTED, "")


def test_without_scripts_the_page_says_it(room: Client, admin: User) -> None:
    item = RuleFactory()
    [seen] = stamps(room, "rules", item)
    review.item_reject(item=item, by=admin)
    url = reverse("curation:rules-decide", args=[item.pk, "approve"])
    answer = room.post(url, {"seen": seen})
    assert answer.status_code == 409
    assert "Somebody else changed this one meanwhile." in answer.content.decode()


@pytest.mark.parametrize(("noun", "factory", "field"), NOUNS)
def test_a_fresh_form_decides_and_the_card_that_comes_back_is_fresh(
    room: Client, noun: str, factory: Factory, field: str
) -> None:
    item = factory()
    [seen] = stamps(room, noun, item)
    for action in ("reject", "reopen", "skip", "edit", "reopen", "approve"):
        answer = post(room, noun, item, action, **{field: " Other words. ", "seen": seen})
        assert answer.status_code == 200, action
        [seen] = set(re.findall(r'name="seen" value="(\w+)"', answer.content.decode()))
        assert seen == seen_stamp(type(item).objects.get(pk=item.pk))


def test_a_second_opinion_stays_blind(room: Client, curator: User, admin: User) -> None:
    item = opinions.opinion_ask(item=RuleFactory(), by=admin)
    [seen] = set(
        re.findall(
            r'name="seen" value="(\w+)"',
            room.get(reverse("curation:rules-item", args=[item.pk])).content.decode(),
        )
    )
    review.item_approve(item=Rule.objects.get(), by=admin)
    assert post(room, "rules", item, "approve", seen=seen).status_code == 200
    assert Rule.objects.get().state == ReviewState.APPROVED


def test_a_merged_rule_says_so_in_the_reader_s_language(
    curator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "_", str.upper)
    merged = RuleFactory(state=ReviewState.MERGED, merged_into=RuleFactory())
    with pytest.raises(Conflict, match=r"THIS RULE WAS MERGED .* DECIDE ON THAT ONE"):
        review.item_approve(item=merged, by=curator)
