"""Claims: what one curator looks at is skipped by the others' queues and not decided on by them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from curation.models import PreferencePair, ReviewState, Rule
from curation.queues import pair_list
from curation.services import review
from curation.services.claims import item_claim, item_release
from tests.factories import PairFactory, RuleFactory, UserFactory
from uno_site.accounts.models import Role, User
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(db: None) -> User:
    return UserFactory(username="other", role=Role.CURATOR)


def test_another_curators_queue_skips_what_is_claimed(curator: User, other: User) -> None:
    pair = PairFactory()
    item_claim(item=pair, by=curator)
    assert list(pair_list(curator)) == [pair]
    assert not pair_list(other).exists()


def test_only_one_claims_and_may_decide(curator: User, other: User) -> None:
    pair = PairFactory()
    item_claim(item=pair, by=curator)
    item_claim(item=pair, by=curator)  # renewed
    for act in (item_claim, review.item_approve, review.item_skip):
        with pytest.raises(Conflict, match="curator is looking"):
            act(item=PreferencePair.objects.get(), by=other)
    assert PreferencePair.objects.get().state == ReviewState.PROPOSED


def test_a_claim_ends_with_the_decision(curator: User, other: User) -> None:
    pair = PairFactory()
    item_claim(item=pair, by=curator)
    review.item_skip(item=pair, by=curator)
    assert list(pair_list(other)) == [pair]


def test_a_claim_ends_on_leaving(curator: User, other: User) -> None:
    pair = PairFactory()
    item_claim(item=pair, by=curator)
    assert item_release(item=pair, by=other) is False
    assert item_release(item=pair, by=curator) is True
    assert list(pair_list(other)) == [pair]


def test_a_claim_ends_with_its_time(curator: User, other: User) -> None:
    pair = PairFactory()
    item_claim(item=pair, by=curator)
    PreferencePair.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert list(pair_list(other)) == [pair]
    item_claim(item=pair, by=other)
    assert PreferencePair.objects.get().claimed_by == other


def test_nothing_decided_is_claimed(curator: User) -> None:
    with pytest.raises(Conflict, match="changed meanwhile"):
        item_claim(item=PairFactory(state=ReviewState.APPROVED), by=curator)


def test_of_two_decisions_on_the_same_reading_the_second_is_refused(
    curator: User, other: User
) -> None:
    PairFactory()
    first, second = PreferencePair.objects.get(), PreferencePair.objects.get()
    review.item_reject(item=first, by=curator)
    with pytest.raises(Conflict, match="changed meanwhile"):
        review.item_approve(item=second, by=other)
    assert PreferencePair.objects.get().state == ReviewState.REJECTED


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_claims() -> None:
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads would share the one connection of a database in memory")
    pair = PairFactory()
    people = [UserFactory(role=Role.CURATOR) for _ in range(6)]

    def attempt(user: User) -> bool:
        try:
            item_claim(item=pair, by=user)
        except Conflict:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        assert sum(pool.map(attempt, people)) == 1


def test_the_page_claims_and_releases(
    curator: User, other: User, client_for: Callable[[User], Client]
) -> None:
    pair = PairFactory()
    claim = reverse("curation:pairs-claim", args=[pair.pk])
    assert client_for(curator).post(claim).status_code == 204
    refused = client_for(other).post(claim)
    assert refused.status_code == 409
    assert "curator is looking" in refused.content.decode()
    client_for(curator).post(reverse("curation:pairs-release", args=[pair.pk]))
    assert client_for(other).post(claim).status_code == 204


@pytest.mark.parametrize("decide", [review.item_approve, review.item_reject, review.item_skip])
def test_who_read_it_before_it_was_edited_does_not_overwrite_the_edit(
    decide: Callable[..., object], curator: User, admin: User
) -> None:
    seen = RuleFactory(state=ReviewState.APPROVED)
    review.rule_edit(rule=Rule.objects.get(), text="In other words.", by=curator)
    with pytest.raises(Conflict, match="changed meanwhile"):
        decide(item=seen, by=admin)
    assert Rule.objects.get().text == "In other words."
