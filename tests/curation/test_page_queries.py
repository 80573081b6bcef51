"""Pages ask the database as often for many rows as for few, and reading on skips none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from curation.models import EntryState, PreferencePair
from curation.services import review
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
#: Session, user, the tabs' five counts; what each list needs beyond these stands beside it.
COMMON = 7
N_QUERIES = {
    "rules": COMMON + 5,  # the filters' clusters and curators, keys, rows; whom to assign to
    "rules?state=approved": COMMON + 4,
    "pairs": COMMON + 5,
    "pairs?state=all": COMMON + 4,
    "entries": COMMON + 4,  # the filters' clusters and sources, keys, rows
    "clusters": COMMON + 3,  # policy, clusters, their pairs
}


@pytest.fixture
def room(curator: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(curator)


def make(n: int, curator: User) -> None:
    for _ in range(n):
        entry = LogEntryFactory(state=EntryState.DISTILLED, cluster=ClusterFactory())
        RuleFactory(entry=entry, assigned_to=curator)
        review.item_approve(item=RuleFactory(entry=entry), by=curator)
        PairFactory(entry=entry, assigned_to=curator)


def address(name: str) -> str:
    page, _, query = name.partition("?")
    return f"{reverse(f'curation:{page}')}?{query}"


@pytest.mark.parametrize("name", N_QUERIES)
def test_lists_ask_as_often_for_many_as_for_few(
    room: Client, curator: User, name: str, django_assert_num_queries: Callable
) -> None:
    for n in (2, 9):
        make(n, curator)
        room.get(address(name))
        with django_assert_num_queries(N_QUERIES[name]):
            assert room.get(address(name)).status_code == 200


@pytest.mark.parametrize("noun", ["rules", "pairs"])
def test_an_items_page_asks_as_often_for_a_long_history(
    room: Client, curator: User, noun: str
) -> None:
    item = RuleFactory() if noun == "rules" else PairFactory()
    url = reverse(f"curation:{noun}-item", args=[item.pk])
    counts = []
    for n in (1, 6):
        for _ in range(n):
            review.item_skip(item=item, by=curator)
            room.post(reverse(f"curation:{noun}-comment", args=[item.pk]), {"text": "Hm."})
        with CaptureQueriesContext(connection) as queries:
            room.get(url)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_reading_on_skips_nothing_though_rows_leave(room: Client, curator: User) -> None:
    pairs = [PairFactory() for _ in range(25)]
    seen: list[str] = []
    url: str | None = reverse("curation:pairs")
    while url:
        page = room.get(url, headers={"HX-Request": "true"})
        rows = page.context["stretch"].rows
        seen += [str(row.pk) for row in rows]
        for row in rows[:3]:
            review.item_approve(item=PreferencePair.objects.get(pk=row.pk), by=curator)
        cursor = page.context["stretch"].cursor
        url = f"{reverse('curation:pairs')}?after={cursor}" if cursor else None
    assert seen == [str(pair.pk) for pair in pairs]


def test_a_cursor_without_sense_begins_at_the_first(room: Client) -> None:
    pair = PairFactory()
    for cursor in ("nonsense", "W10=", "WzEsMiwzXQ==", "WyJ4IiwieSIsInoiXQ=="):
        page = room.get(reverse("curation:pairs"), {"after": cursor})
        assert page.context["stretch"].rows == [pair]
