"""Browsers are told to run nothing but what the site serves as files."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def policy(answer) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("name", ["chat:home", "chat:find", "accounts:profile", "admin:index"])
def test_scripts_and_styles_come_from_files_only(name, admin, client_for) -> None:
    given = policy(client_for(admin).get(reverse(name)))
    assert given["default-src"] == "'self'"
    assert given["object-src"] == "'none'"
    assert "unsafe" not in " ".join(given.values())


def test_errors_and_strangers_pages_have_it_too(client, alice, client_for) -> None:
    assert policy(client.get("/accounts/sign-in/"))["frame-ancestors"] == "'none'"
    assert policy(client_for(alice).get("/nowhere/"))["default-src"] == "'self'"


def test_the_api_page_may_set_styles_and_no_scripts(alice, client_for) -> None:
    answer = client_for(alice).get(reverse("api-docs"))
    assert answer.status_code == 200
    given = policy(answer)
    assert "script-src" not in given
    assert given["style-src"] == "'self' 'unsafe-inline'"
    assert "<script>" not in answer.content.decode()
