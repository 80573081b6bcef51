"""What an edit says is read for its person alone, once, and placed by its question."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import Preference, ReplyOutcome
from chat.services.messages import message_correct
from chat.services.preferences import preference_delete, preferences_of
from curation.services.preferences import (
    edits_to_read,
    has_preferences_to_read,
    preferences_update,
)
from tests.factories import ReplyFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.accounts.services import preferences_switch

pytestmark = pytest.mark.django_db(transaction=True)

REPLY = "Dear Sir, I write to you. It is about the heating. It is broken. Yours, Bob"
EDIT = "Hi, the heating is broken. Cheers, Ana"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> ScriptedClient:
    found = ScriptedClient()
    monkeypatch.setattr("curation.services.preferences.served_client", lambda: found)
    return found


def edit_of(user: User, edited: str = EDIT) -> Any:
    reply = ReplyFactory(
        conversation__user=user,
        parent__content="Write to my landlord.",
        content=REPLY,
        provenance={"kind": "base", "reason": "no_routes"},
    )
    message_correct(message=reply, content=edited)
    return reply


def test_an_edit_is_read_once(client: ScriptedClient, alice: User, bob: User) -> None:
    preferences_switch(user=alice, is_on=True)
    reply = edit_of(alice)
    edit_of(bob)  # who did not ask for it
    assert has_preferences_to_read()
    totals = preferences_update()
    assert totals["n_read"] == 1
    assert totals["n_kept"] == totals["n_embedded"] == Preference.objects.count() > 0
    assert set(Preference.objects.values_list("user", flat=True)) == {alice.pk}
    one = Preference.objects.first()
    assert one is not None
    assert one.context == "Write to my landlord."
    assert one.vector.tolist() == client.embed([one.context])[0].tolist()
    assert len(preferences_of(reply.conversation)) == Preference.objects.count()
    preference_delete(preference=one)
    assert not has_preferences_to_read()


def test_a_second_edit_is_read_again(client: ScriptedClient, alice: User) -> None:
    preferences_switch(user=alice, is_on=True)
    reply = edit_of(alice)
    preferences_update()
    message_correct(message=reply.corrections.get(), content="hi, it is cold. cheers, ana")
    assert edits_to_read().count() == 1
    preferences_update()
    assert "Write in lower case." in Preference.objects.values_list("text", flat=True)


def test_edits_from_before_the_switch_are_read_when_it_goes_on(client, alice: User) -> None:
    edit_of(alice)
    assert not has_preferences_to_read()
    preferences_switch(user=alice, is_on=True)
    assert has_preferences_to_read()


def test_an_edit_that_says_nothing_leaves_nothing(client, alice: User) -> None:
    preferences_switch(user=alice, is_on=True)
    edit_of(alice, REPLY.replace(". ", ".  "))
    assert preferences_update()["n_kept"] == 0
    assert ReplyOutcome.objects.get().preferences_read_at is not None
    assert not has_preferences_to_read()


def test_what_was_taken_out_of_the_learning_is_not_read(client, alice: User) -> None:
    preferences_switch(user=alice, is_on=True)
    reply = edit_of(alice)
    reply.is_withdrawn = True
    reply.save()
    assert not has_preferences_to_read()
