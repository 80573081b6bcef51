"""NUL, which PostgreSQL neither keeps nor looks for, is no error of the server anywhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Rule
from tests.factories import RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


@pytest.mark.parametrize(
    "path",
    [
        "/c/?q=%00",
        "/search/?q=%00",
        "/c/?q=x&origin=%00",
        "/accounts/users/?q=%00",
        "/accounts/users/consents/?q=%00",
        "/accounts/users/keys/?q=%00",
        "/audit/?action=%00",
        "/training/runs/?state=%00",
        "/training/adapters/?state=%00",
        "/jobs/?state=%00",
        "/curation/rules/?q=%00&state=%00",
        "/api/v1/rules/?state=%00",
    ],
)
def test_an_address_with_nul_is_answered(admin: User, client_for: SignIn, path: str) -> None:
    assert client_for(admin).get(path).status_code == 200


def test_a_form_with_nul_is_taken_without_it(curator: User, client_for: SignIn) -> None:
    rule = RuleFactory()
    client, args = client_for(curator), [rule.pk]
    comment = {"text": "See\x00 above."}
    assert client.post(reverse("curation:rules-comment", args=args), comment).status_code == 302
    url = reverse("curation:rules-decide", args=[*args, "edit"])
    assert client.post(url, {"text": "Be\x00 brief.", "next": "\x00"}).status_code == 302
    assert Rule.objects.get().text == "Be brief."
    assert rule.comments.get().text == "See above."
