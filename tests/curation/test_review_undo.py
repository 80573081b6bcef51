"""Undoing: everything stands as before, unless somebody changed it since."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Opinion, PreferencePair, ReviewAction, ReviewState, Rule
from curation.services import review
from curation.services.review_actions import FIELDS, TEXTS, action_run, action_undo, actions_run
from tests.factories import PairFactory, RuleFactory, UserFactory
from uno_site.accounts.models import Role, User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def stand(item: Any, noun: str) -> dict[str, Any]:
    fresh = type(item).objects.get(pk=item.pk)
    return {name: getattr(fresh, name) for name in (*FIELDS, *TEXTS[noun])}


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("approve", {}),
        ("reject", {}),
        ("skip", {}),
        ("reopen", {}),
        ("ask", {}),
        ("edit", {"text": "In other words."}),
    ],
)
@pytest.mark.parametrize(("factory", "noun"), [(RuleFactory, "rules"), (PairFactory, "pairs")])
@pytest.mark.parametrize("is_decided", [False, True])
def test_every_decision_is_taken_back_whole(
    curator: User, factory: Any, noun: str, verb: str, values: dict[str, str], is_decided: bool
) -> None:
    item = factory(flags=["degenerate"])
    if is_decided or verb == "reopen":
        review.item_skip(item=item, by=curator)
        review.item_reject(item=item, by=UserFactory(role=Role.CURATOR))
    before = stand(item, noun)
    outcome = action_run(verb=verb, noun=noun, item=item, by=curator, **values)
    assert stand(item, noun) != before
    action_undo(action=outcome.action, by=curator)
    assert stand(item, noun) == before
    assert not Opinion.objects.exists()
    assert AuditEvent.objects.order_by("-at")[0].action.endswith(".undo")


def test_a_bulk_decision_is_taken_back_at_once(curator: User) -> None:
    pairs = [PairFactory() for _ in range(3)]
    flagged = PairFactory(flags=["degenerate"])
    outcome = actions_run(verb="approve", noun="pairs", items=[*pairs, flagged], by=curator)
    assert (len(outcome.items), outcome.n_left) == (3, 1)
    action_undo(action=outcome.action, by=curator)
    assert not PreferencePair.objects.exclude(state=ReviewState.PROPOSED).exists()
    with pytest.raises(Conflict, match="already"):
        action_undo(action=outcome.action, by=curator)


def test_flagged_ones_may_be_rejected_and_skipped_in_bulk(curator: User) -> None:
    flagged = RuleFactory(flags=["degenerate"])
    assert actions_run(verb="reject", noun="rules", items=[flagged], by=curator).items


def test_what_somebody_changed_since_is_left(curator: User, admin: User) -> None:
    first, second = PairFactory(), PairFactory()
    outcome = actions_run(verb="reject", noun="pairs", items=[first, second], by=curator)
    review.item_approve(item=PreferencePair.objects.get(pk=first.pk), by=admin)
    undone = action_undo(action=outcome.action, by=curator)
    assert (undone.items, undone.n_left) == ([second], 1)
    assert PreferencePair.objects.get(pk=first.pk).state == ReviewState.APPROVED


def test_an_opinion_is_taken_back(curator: User) -> None:
    pair = PairFactory()
    action_run(verb="ask", noun="pairs", item=pair, by=curator)
    outcome = action_run(verb="approve", noun="pairs", item=pair, by=curator)
    assert Opinion.objects.count() == 1
    action_undo(action=outcome.action, by=curator)
    assert Opinion.objects.count() == 0


def test_undoing_an_edited_rule_lets_it_be_compared_anew(curator: User) -> None:
    rule = RuleFactory()
    Rule.objects.update(embedding=b"vector of the old words")
    outcome = action_run(
        verb="edit", noun="rules", item=Rule.objects.get(), by=curator, text="Other words."
    )
    action_undo(action=outcome.action, by=curator)
    rule.refresh_from_db()
    assert rule.embedding is None


def test_the_toast_undoes_without_a_page(
    curator: User, client_for: Callable[[User], Client]
) -> None:
    pair, client = PairFactory(), client_for(curator)
    answer = client.post(reverse("curation:pairs-decide", args=[pair.pk, "approve"]), **HTMX)
    undo = json.loads(answer["HX-Trigger"])["toast"]["undo"]
    restored = client.post(undo, **HTMX).content.decode()
    assert f'id="item-{pair.pk}"' in restored
    assert 'hx-swap-oob="outerHTML"' in restored
    pair.refresh_from_db()
    assert pair.state == ReviewState.PROPOSED


def test_a_bulk_decision_offers_to_undo_it_and_comes_back_to_the_filters(
    curator: User, client_for: Callable[[User], Client]
) -> None:
    pair, client = PairFactory(), client_for(curator)
    back = reverse("curation:pairs") + "?flagged=no"
    url = reverse("curation:pairs-bulk", args=["reject"])
    page = client.post(url, {"item": [str(pair.pk)], "next": back}, follow=True)
    assert page.redirect_chain[-1][0] == back
    undo = page.context["messages"]._loaded_data[0].extra_tags
    assert undo in page.content.decode()
    assert client.post(undo)["Location"] == back
    pair.refresh_from_db()
    assert pair.state == ReviewState.PROPOSED


def test_nobody_undoes_for_another(
    curator: User, admin: User, client_for: Callable[[User], Client]
) -> None:
    outcome = action_run(verb="approve", noun="pairs", item=PairFactory(), by=curator)
    url = reverse("curation:undo", args=[outcome.action.pk])
    assert client_for(admin).post(url).status_code == 404
    assert ReviewAction.objects.get().undone_at is None


def test_an_unknown_bulk_action_is_not_there(
    curator: User, client_for: Callable[[User], Client]
) -> None:
    url = reverse("curation:pairs-bulk", args=["burn"])
    assert client_for(curator).post(url).status_code == 404
