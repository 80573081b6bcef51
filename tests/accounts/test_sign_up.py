"""Open sign-up, the first account, and sign-up by invitation."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from uno_site.accounts.models import Invitation, Role, User
from uno_site.accounts.services import invitation_create, user_sign_up
from uno_site.errors import Conflict

pytestmark = pytest.mark.django_db

FORM = {
    "username": "dora",
    "email": "",
    "password1": "a horse of another colour",
    "password2": "a horse of another colour",
}


def test_the_first_account_is_the_admins(client) -> None:
    client.post("/accounts/sign-up/", FORM)
    assert User.objects.get().role == Role.ADMIN


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one process write at a time")
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_the_first() -> None:
    meet = threading.Barrier(4)

    def sign_up(name: str) -> str:
        meet.wait(timeout=30)
        try:
            return user_sign_up(username=name, password="a horse of another colour").role
        except Conflict:
            return "closed"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        roles = list(pool.map(sign_up, ("ana", "ben", "cem", "dora")))
    assert sorted(roles) == ["admin", "closed", "closed", "closed"]
    assert User.objects.count() == 1


def test_after_that_sign_up_is_closed(client, admin) -> None:
    assert client.get("/accounts/sign-up/").status_code == 404
    with pytest.raises(Conflict, match="closed"):
        user_sign_up(username="dora", password="x")


def test_where_the_setting_opens_it_others_become_users(client, admin, settings) -> None:
    settings.UNO = replace(settings.UNO, open_signup=True)
    client.post("/accounts/sign-up/", FORM)
    assert User.objects.get(username="dora").role == Role.USER


def test_an_invitation_gives_its_role_once(client, admin) -> None:
    invitation = invitation_create(by=admin, role=Role.CURATOR)
    answer = client.post(f"/accounts/invitation/{invitation.token}/", FORM)
    assert answer.url == "/"
    assert User.objects.get(username="dora").role == Role.CURATOR
    client.logout()
    again = client.post(f"/accounts/invitation/{invitation.token}/", FORM | {"username": "eve"})
    assert again.status_code == 410
    assert not User.objects.filter(username="eve").exists()


def test_an_expired_invitation_is_closed(client, admin) -> None:
    invitation = invitation_create(by=admin, role=Role.USER)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(f"/accounts/invitation/{invitation.token}/").status_code == 410


def test_an_unknown_invitation_is_not_there(client, admin) -> None:
    assert client.get("/accounts/invitation/guessed/").status_code == 404


def test_a_weak_password_is_refused_with_its_reason(client) -> None:
    data = FORM | {"password1": "12345", "password2": "12345"}
    page = client.post("/accounts/sign-up/", data).content.decode()
    assert "too short" in page
    assert not User.objects.exists()
