"""Each screen is shown under one entry of the main navigation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from uno_site.accounts.models import User

CURRENT = {
    "chat:home": "Chat",
    "training:learned": "Chat",
    "training:personal": "Chat",
    "experience:notes": "Chat",
    "curation:overview": "Curation",
    "curation:roles": "Roles",
    "training:dashboard": "Training",
    "jobs:list": "Jobs",
    "accounts:users": "People",
    "accounts:consents": "People",
    "accounts:api-keys-all": "People",
    "runtime:settings": "People",
}


def current(client: Client, address: str) -> str:
    """The entry that is marked in the page's menu."""
    page = client.get(address).content.decode()
    _, _, after = page.partition('aria-current="page"')
    return after.partition("</svg>")[2].partition("</a>")[0].strip()


@pytest.mark.parametrize(("screen", "entry"), CURRENT.items())
def test_a_screen_stands_under_its_entry(
    screen: str, entry: str, admin: User, client_for: Callable[[User], Client]
) -> None:
    assert current(client_for(admin), reverse(screen)) == entry


def test_erasing_a_person_stands_under_people(
    admin: User, alice: User, client_for: Callable[[User], Client]
) -> None:
    address = reverse("training:erase_person", args=[alice.pk])
    assert current(client_for(admin), address) == "People"


def test_a_page_that_is_not_there_stands_under_none(
    admin: User, client_for: Callable[[User], Client]
) -> None:
    assert current(client_for(admin), "/nowhere/") == ""
