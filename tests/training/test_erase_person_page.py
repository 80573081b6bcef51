"""An admin erases an account by its page, having typed the name; nobody else can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.experience.models import ErasureReceipt
from chat.models import Conversation
from tests.factories import ReplyFactory
from uno_site.accounts.models import User

ClientFor = Callable[[Any], Client]
pytestmark = pytest.mark.django_db


def address(person: User) -> str:
    return reverse("training:erase_person", args=[person.pk])


def test_only_admins_have_the_page(alice: User, curator: User, client_for: ClientFor) -> None:
    for person in (alice, curator):
        browser = client_for(person)
        assert browser.get(address(alice)).status_code == 404
        assert browser.post(address(alice), {"name": alice.username}).status_code == 404
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_name_must_be_typed(admin: User, alice: User, client_for: ClientFor) -> None:
    browser = client_for(admin)
    assert alice.username in browser.get(address(alice)).content.decode()
    answer = browser.post(address(alice), {"name": alice.username.upper()})
    assert answer.status_code == 409
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_account_goes_with_its_chats_and_leaves_a_receipt(
    admin: User, alice: User, client_for: ClientFor
) -> None:
    ReplyFactory(conversation__user=alice)
    answer = client_for(admin).post(address(alice), {"name": alice.username}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("curation:receipts")
    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Conversation.objects.filter(user_id=alice.pk).exists()
    assert ErasureReceipt.objects.count() == 1


def test_nobody_erases_themselves(admin: User, client_for: ClientFor) -> None:
    answer = client_for(admin).post(address(admin), {"name": admin.username})
    assert answer.status_code == 409
    assert User.objects.filter(pk=admin.pk).exists()
