"""The Django admin is the admins' to look at; nobody changes anything there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Feedback, Message
from uno_site.accounts.api_keys import api_key_create

ClientFor = Callable[[Any], Client]
pytestmark = pytest.mark.django_db


def test_only_admins_find_it(admin: Any, curator: Any, client_for: ClientFor) -> None:
    url = reverse("admin:index")
    assert client_for(admin).get(url).status_code == 200
    assert client_for(curator).get(url, follow=True).status_code == 404
    assert "/accounts/sign-in/" in Client().get(url, follow=True).redirect_chain[-1][0]


def test_every_list_opens_and_none_may_be_added_to(admin: Any, client_for: ClientFor) -> None:
    browser = client_for(admin)
    for model in _models():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert browser.get(reverse(f"{name}_changelist")).status_code == 200, name
        assert browser.get(reverse(f"{name}_add")).status_code == 403, name


def test_no_secret_and_nothing_that_people_wrote_is_shown(
    admin: Any, alice: Any, client_for: ClientFor
) -> None:
    assert not {Conversation, Message, Feedback} & set(_models())
    key, _token = api_key_create(user=alice, name="mine", scopes=["chat"])
    browser = client_for(admin)
    page = browser.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert key.prefix in page
    assert key.digest not in page
    page = browser.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert "alice" in page
    assert alice.password not in page


def _models() -> list[Any]:
    return [model for model in admin.site._registry if model._meta.app_label in ROOMS]


ROOMS = ("accounts", "audit", "jobs", "runtime", "chat", "training")
