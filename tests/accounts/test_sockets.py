"""Who is behind an open socket: as the database has it now, not as the cookie had it then."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from uno_site.accounts.models import Role, User
from uno_site.accounts.sockets import socket_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def scope(curator: User) -> dict[str, Any]:
    """What Channels gives a socket that was opened with a browser's session."""
    client = Client()
    client.force_login(curator)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return {"user": curator, "session": store(client.session.session_key), "client": client}


def test_a_role_that_was_taken_is_gone(scope: dict[str, Any], curator: User) -> None:
    assert socket_user(scope).is_curator
    User.objects.filter(pk=curator.pk).update(role=Role.USER)
    assert socket_user(scope) == curator and not socket_user(scope).is_curator


def test_who_was_shut_out_is_nobody(scope: dict[str, Any], curator: User) -> None:
    User.objects.filter(pk=curator.pk).update(is_active=False)
    assert socket_user(scope) == AnonymousUser()


def test_who_signed_out_is_nobody(scope: dict[str, Any]) -> None:
    scope["client"].logout()
    assert socket_user(scope) == AnonymousUser()


def test_another_password_ends_it(scope: dict[str, Any], curator: User) -> None:
    curator.set_password("another-password-1")
    curator.save()
    assert socket_user(scope) == AnonymousUser()


def test_nobody_stays_nobody() -> None:
    assert socket_user({"user": AnonymousUser()}) == AnonymousUser()
