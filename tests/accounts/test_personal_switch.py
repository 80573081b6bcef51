"""The second consent: switched in the chat or the profile, and never without the first."""

from __future__ import annotations

import pytest

from uno_site.accounts.services import consent_set, personal_adapter_switch
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict

SWITCH = "/accounts/personal-adapter/"


def test_it_is_off_until_it_is_switched_on(alice, client_for) -> None:
    browser = client_for(alice)
    assert not alice.has_personal_adapter_on
    assert "Personal adapter: off" in browser.get("/").content.decode()
    browser.post(SWITCH, {"is_on": "yes", "next": "/"})
    alice.refresh_from_db()
    assert alice.has_personal_adapter_on
    assert "Personal adapter: on" in browser.get("/").content.decode()
    assert AuditEvent.objects.filter(action="user.personal_adapter").count() == 1


def test_without_consent_to_learning_it_cannot_be_switched_on(alice, client_for) -> None:
    consent_set(user=alice, has_consented=False)
    with pytest.raises(Conflict):
        personal_adapter_switch(user=alice, is_on=True)
    browser = client_for(alice)
    assert browser.post(SWITCH, {"is_on": "yes"}).status_code == 409
    assert "Personal adapter: o" not in browser.get("/").content.decode()
    assert SWITCH not in browser.get("/accounts/profile/").content.decode()


def test_who_withdraws_has_it_off(alice) -> None:
    personal_adapter_switch(user=alice, is_on=True)
    consent_set(user=alice, has_consented=False)
    alice.refresh_from_db()
    assert not alice.wants_personal_adapter


def test_an_inactive_person_has_none_on(alice) -> None:
    personal_adapter_switch(user=alice, is_on=True)
    alice.is_active = False
    assert not alice.has_personal_adapter_on


def test_it_goes_on_on_this_site_only_and_only_by_post(alice, client_for) -> None:
    browser = client_for(alice)
    assert browser.get(SWITCH).status_code == 405
    answer = browser.post(SWITCH, {"is_on": "yes", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
