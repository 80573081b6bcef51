"""The curation rooms: curators and admins enter, others find nothing there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
PAGES = [
    "overview",
    "accounting",
    "entries",
    "rules",
    "pairs",
    "clusters",
    "agreement",
    "roles",
    "policy",
    "import",
]


def item_pages() -> list[str]:
    return [
        reverse("curation:entry", args=[LogEntryFactory().pk]),
        reverse("curation:cluster", args=[ClusterFactory().pk]),
        reverse("curation:similar", args=[LogEntryFactory().pk]),
        reverse("curation:rules-item", args=[RuleFactory().pk]),
        reverse("curation:pairs-item", args=[PairFactory().pk]),
    ]


def item_posts() -> list[str]:
    pair = PairFactory()
    names = ("claim", "release", "comment")
    return [
        *(reverse(f"curation:pairs-{name}", args=[pair.pk]) for name in names),
        reverse("curation:pairs-comment-delete", args=[pair.pk, pair.pk]),
        reverse("curation:undo", args=[pair.pk]),
    ]


def posts() -> list[str]:
    entry, cluster = LogEntryFactory(), ClusterFactory()
    return [
        reverse("curation:process"),
        reverse("curation:entry-exclude", args=[entry.pk]),
        reverse("curation:entry-retry", args=[entry.pk]),
        reverse("curation:rules-decide", args=[RuleFactory().pk, "approve"]),
        reverse("curation:pairs-decide", args=[PairFactory().pk, "approve"]),
        reverse("curation:rules-bulk", args=["approve"]),
        *item_posts(),
        reverse("curation:cluster-exclude", args=[cluster.pk]),
        reverse("curation:cluster-noise", args=[cluster.pk]),
        reverse("curation:cluster-rename", args=[cluster.pk]),
        reverse("curation:cluster-exclude-members", args=[cluster.pk]),
        reverse("curation:roles-check"),
        reverse("curation:import"),
    ]


def test_a_curator_sees_every_page(curator: User, client_for: SignIn) -> None:
    client = client_for(curator)
    for url in [*(reverse(f"curation:{name}") for name in PAGES), *item_pages()]:
        assert client.get(url).status_code == 200, url


def test_a_user_finds_nothing(alice: User, client_for: SignIn) -> None:
    client = client_for(alice)
    for url in [*(reverse(f"curation:{name}") for name in PAGES), *item_pages()]:
        assert client.get(url).status_code == 404, url
    for url in posts():
        assert client.post(url).status_code == 404, url


def test_only_an_admin_binds_roles_and_changes_the_policy(
    curator: User, client_for: SignIn
) -> None:
    client = client_for(curator)
    assert client.get(reverse("curation:role", args=["judge"])).status_code == 404
    assert client.post(reverse("curation:policy"), {"gap_threshold": "0.1"}).status_code == 404


def test_somebody_signed_out_is_sent_to_sign_in(client: Client) -> None:
    response = client.get(reverse("curation:overview"))
    assert response.status_code == 302
    assert "/accounts/" in response["Location"]


def test_an_entry_of_somebody_who_withdrew_is_not_there(
    curator: User, alice: User, client_for: SignIn
) -> None:
    entry = LogEntryFactory(user=alice)
    alice.training_consent = False
    alice.save()
    url = reverse("curation:entry", args=[entry.pk])
    assert client_for(curator).get(url).status_code == 404
