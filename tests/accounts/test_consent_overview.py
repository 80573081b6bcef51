"""Admins see whose logs may train and since when, and take it away as a file."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest

from tests.factories import UserFactory
from uno_site.accounts.consents import consent_totals
from uno_site.accounts.models import ConsentEvent

pytestmark = pytest.mark.django_db


def test_only_admins_see_it(alice: Any, curator: Any, client_for: Any) -> None:
    for person in (alice, curator):
        for path in ("/accounts/users/consents/", "/accounts/users/consents.csv"):
            assert client_for(person).get(path).status_code == 404


def test_every_answer_is_counted(admin: Any) -> None:
    before = consent_totals()
    UserFactory(training_consent=True, wants_personal_adapter=True)
    person = UserFactory(training_consent=False)
    UserFactory(training_consent=None)
    for answer in (True, False):
        ConsentEvent.objects.create(user=person, has_consented=answer)
    now = consent_totals()
    assert now.given - before.given == 1
    assert now.refused - before.refused == 1
    assert now.open - before.open == 1
    assert now.personal - before.personal == 1
    assert now.n_accounts - before.n_accounts == 3
    assert (now.recently_given, now.recently_withdrawn) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("", {"yes", "no", "unasked"}),
        ("given", {"yes"}),
        ("refused", {"no"}),
        ("open", {"unasked"}),
        ("personal", set()),
        ("nonsense", {"yes", "no", "unasked"}),
    ],
)
def test_the_list_is_filtered_by_answer(
    answer: str, shown: set[str], admin: Any, client_for: Any
) -> None:
    UserFactory(username="ward-yes", training_consent=True)
    UserFactory(username="ward-no", training_consent=False)
    UserFactory(username="ward-unasked", training_consent=None)
    page = client_for(admin).get("/accounts/users/consents/", {"answer": answer, "q": "ward"})
    assert {person.username for person in page.context["page"]} == {f"ward-{one}" for one in shown}


def test_the_page_asks_the_database_as_often_for_many_people(
    admin: Any, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    for person in UserFactory.create_batch(30):
        ConsentEvent.objects.create(user=person, has_consented=True)
    browser = client_for(admin)
    with django_assert_max_num_queries(12):
        assert browser.get("/accounts/users/consents/").status_code == 200


def test_the_file_has_a_row_a_person_and_no_formula(admin: Any, client_for: Any) -> None:
    UserFactory(username="=cmd", training_consent=True)
    response = client_for(admin).get("/accounts/users/consents.csv")
    rows = {row["name"]: row for row in csv.DictReader(StringIO(response.content.decode()))}
    assert rows["'=cmd"]["training_consent"] == "given"
    assert admin.username in rows
