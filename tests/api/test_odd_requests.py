"""Ids and numbers that nobody can mean are refused; none is an error of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.factories import LogEntryFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
API = "/api/v1"


def test_a_filter_by_what_is_no_id_is_refused(curator: User, client_for: SignIn) -> None:
    answer = client_for(curator).get(f"{API}/log-entries/?cluster=abc")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_input"


@pytest.mark.parametrize("limit", [10**9, 10**30])
def test_no_list_is_given_whole(curator: User, client_for: SignIn, limit: int) -> None:
    LogEntryFactory.create_batch(501)
    answer = client_for(curator).get(f"{API}/log-entries/?limit={limit}")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 500


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("promote", {"adapters": ["abc"]}),
        ("promote", {"adapters": [[]]}),
        ("canary", {"adapter": "abc", "percent": 5}),
        ("canary", {"adapter": 10**40, "percent": 5}),
    ],
)
def test_an_adapter_that_cannot_be_is_refused(
    admin: User, client_for: SignIn, act: str, body: dict[str, Any]
) -> None:
    url = f"{API}/promotions/{act}/"
    assert client_for(admin).post(url, body, content_type="application/json").status_code == 400
