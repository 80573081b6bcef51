"""Signing in and out."""

import pytest

from uno_site.accounts import services

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
SIGN_IN = "/accounts/sign-in/"


def test_a_right_password_leads_on(client, alice) -> None:
    answer = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD, "next": "/c/"})
    assert answer.status_code == 302
    assert answer.url == "/c/"


def test_a_wrong_password_says_so_and_stays(client, alice) -> None:
    answer = client.post(SIGN_IN, {"username": "alice", "password": "wrong"})
    assert answer.status_code == 200
    assert "correct username and password" in answer.content.decode()


def test_a_deactivated_account_cannot_sign_in(client, alice) -> None:
    alice.is_active = False
    alice.save()
    answer = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD})
    assert answer.status_code == 200


def test_guessing_is_paused_for_that_name_only(client, alice, bob, monkeypatch) -> None:
    monkeypatch.setattr(services, "MAX_FAILED_SIGN_INS", 2)
    for _ in range(2):
        client.post(SIGN_IN, {"username": "alice", "password": "wrong"})
    answer = client.post(SIGN_IN, {"username": "Alice", "password": PASSWORD})
    assert "Too many failed attempts" in answer.content.decode()
    assert client.post(SIGN_IN, {"username": "bob", "password": PASSWORD}).status_code == 302


def test_it_never_leads_to_another_site(client, alice) -> None:
    data = {"username": "alice", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(SIGN_IN, data).url == "/"


def test_signing_out_is_a_post(client_for, alice) -> None:
    browser = client_for(alice)
    assert browser.get("/accounts/sign-out/").status_code == 405
    browser.post("/accounts/sign-out/")
    assert browser.get("/").status_code == 302


def test_a_changed_password_is_the_one_that_counts(client_for, client, alice) -> None:
    new = "a better horse staple"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert client_for(alice).post("/accounts/password/", data).url == "/accounts/profile/"
    assert client.login(username="alice", password=new)
