"""The consent question: asked once, answered either way, changed at any time."""

import pytest

from tests.factories import UserFactory
from uno_site.accounts.models import ConsentEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(db):
    return UserFactory(username="newcomer", training_consent=None)


def test_whoever_has_not_answered_is_asked_and_then_led_on(newcomer, client_for) -> None:
    browser = client_for(newcomer)
    assert browser.get("/c/").url == "/accounts/consent/?next=/c/"
    answer = browser.post("/accounts/consent/", {"answer": "no", "next": "/c/"})
    assert answer.url == "/c/"
    assert browser.get("/c/").status_code == 200


@pytest.mark.parametrize(("answer", "has_consented"), [("yes", True), ("no", False)])
def test_the_answer_is_kept(newcomer, client_for, answer, has_consented) -> None:
    client_for(newcomer).post("/accounts/consent/", {"answer": answer})
    newcomer.refresh_from_db()
    assert newcomer.training_consent is has_consented
    assert newcomer.consent_changed_at == ConsentEvent.objects.get().at


def test_neither_answer_is_chosen_beforehand_or_stands_out(newcomer, client_for) -> None:
    page = client_for(newcomer).get("/accounts/consent/").content.decode()
    assert page.count('class="btn" type="submit" name="answer"') == 2
    assert "btn--primary" not in page.split("consent__answers")[1]


def test_consent_is_withdrawn_on_the_profile_and_every_answer_stays_on_record(
    alice, client_for
) -> None:
    browser = client_for(alice)
    assert "Withdraw" in browser.get("/accounts/profile/").content.decode()
    browser.post("/accounts/consent/", {"answer": "no", "next": "/accounts/profile/"})
    browser.post("/accounts/consent/", {"answer": "yes", "next": "/accounts/profile/"})
    events = list(alice.consent_events.values_list("has_consented", flat=True))
    assert events == [True, False]


def test_no_answer_is_refused(newcomer, client_for) -> None:
    assert client_for(newcomer).post("/accounts/consent/", {}).status_code == 400
    newcomer.refresh_from_db()
    assert newcomer.training_consent is None


def test_it_never_leads_to_another_site(newcomer, client_for) -> None:
    data = {"answer": "yes", "next": "//evil.example/"}
    assert client_for(newcomer).post("/accounts/consent/", data).url == "/"
