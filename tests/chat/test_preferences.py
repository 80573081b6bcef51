"""A person's own preferences go with their own questions, where they want it; nobody else's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from channels.db import database_sync_to_async

from chat import generation
from chat.models import ConversationOrigin, Message, Preference
from chat.preferences import Remembered, condense, nearest, prepend
from chat.services.messages import message_send
from chat.services.preferences import (
    preference_add,
    preference_change,
    preference_delete,
    preferences_of,
    preferences_read,
)
from tests.factories import ConversationFactory, ReplyFactory
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import User
from uno_site.accounts.services import preferences_switch
from uno_site.errors import Conflict, InvalidInput
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.django_db(transaction=True)

AXES = np.eye(8, dtype=np.float32)


@pytest.fixture
def wishing(alice: User) -> User:
    """Alice, whose preferences are on, with one that holds everywhere."""
    preferences_switch(user=alice, is_on=True)
    preference_add(user=alice, text="Be brief.")
    return alice


def test_the_nearest_five_contexts_are_condensed() -> None:
    query = np.arange(8, 0, -1, dtype=np.float32)
    query /= np.linalg.norm(query)
    kept = tuple(Remembered(f"wish {n}", AXES[n]) for n in range(8))
    assert nearest(kept, query) == [f"wish {n}" for n in range(5)]
    shared = tuple(Remembered("same" if n % 2 else f"wish {n}", AXES[n]) for n in range(8))
    assert condense(nearest(shared, query)) == ["same", "wish 0", "wish 2", "wish 4"]


def test_one_context_may_have_several_preferences() -> None:
    kept = tuple(Remembered(f"wish {n}", AXES[n // 2]) for n in range(16))
    assert len(nearest(kept, AXES[0])) == 10
    assert nearest(kept, AXES[0])[:2] == ["wish 0", "wish 1"]


def test_another_embedders_and_empty_ones_are_left_out() -> None:
    kept = (Remembered("old", np.ones(3, np.float32)), Remembered("everywhere"))
    assert nearest(kept, AXES[0]) == ["everywhere"]
    assert condense(["", "a", ""]) == ["a"]


def test_without_any_the_question_stays_as_it_was() -> None:
    asked = (ChatMessage("user", "Hello"),)
    assert prepend(asked, []) == asked
    text = prepend(asked, ["Be brief."])[-1].content
    assert text.startswith("Hello")
    assert text.endswith("- Be brief.")


async def answered(user: User, serve_with: Any) -> tuple[str, Message]:
    client = serve_with(AsyncScriptedClient("Fine."))
    _, reply = await database_sync_to_async(message_send)(user=user, content="Write a poem")
    await generation.generate(reply.pk)
    reply = await database_sync_to_async(Message.objects.get)(pk=reply.pk)
    return client.requests[-1].messages[-1].content, reply


async def test_they_go_with_ones_own_questions_alone(
    wishing: User, bob: User, serve_with: Any, launched: list[Any]
) -> None:
    await database_sync_to_async(preferences_switch)(user=bob, is_on=True)
    asked, reply = await answered(wishing, serve_with)
    assert "- Be brief." in asked
    assert reply.provenance["preferences"] == ["Be brief."]
    asked, reply = await answered(bob, serve_with)
    assert asked == "Write a poem"
    assert reply.provenance["preferences"] == []


async def test_switched_off_nothing_goes_with_a_question(
    wishing: User, serve_with: Any, launched: list[Any]
) -> None:
    await database_sync_to_async(preferences_switch)(user=wishing, is_on=False)
    asked, _ = await answered(wishing, serve_with)
    assert asked == "Write a poem"


def test_programs_have_none(wishing: User) -> None:
    assert preferences_of(ConversationFactory(user=wishing)) != ()
    api = ConversationFactory(user=wishing, origin=ConversationOrigin.API)
    assert preferences_of(api) == ()


def test_reading_an_edit_again_replaces_what_was_not_reworded(alice: User) -> None:
    reply = ReplyFactory(conversation__user=alice)
    preferences_read(reply=reply, texts=["Be brief.", "", "Use bullets."])
    brief = Preference.objects.get(text="Be brief.")
    preference_change(preference=brief, text="Be very brief.")
    assert brief.is_edited
    preferences_read(reply=reply, texts=["Write in lower case."])
    texts = set(Preference.objects.values_list("text", flat=True))
    assert texts == {"Be very brief.", "Write in lower case."}


def test_what_is_deleted_with_the_conversation_is_gone(alice: User) -> None:
    reply = ReplyFactory(conversation__user=alice)
    preferences_read(reply=reply, texts=["Be brief."])
    reply.conversation.delete()
    assert Preference.objects.count() == 0


def test_empty_and_double_ones_are_refused(alice: User) -> None:
    with pytest.raises(InvalidInput):
        preference_add(user=alice, text="  ")
    preference_add(user=alice, text="Be brief.")
    with pytest.raises(Conflict):
        preference_add(user=alice, text="Be brief.")


def test_the_page_is_ones_own(wishing: User, bob: User, admin: User, client_for: Any) -> None:
    mine, own = client_for(wishing), Preference.objects.get()
    page = mine.get("/preferences/").content.decode()
    assert "Be brief." in page
    mine.post("/preferences/add/", {"text": "Use metric units."})
    assert "Use metric units." in mine.get("/preferences/").content.decode()
    for other in (bob, admin):
        theirs = client_for(other)
        assert "Be brief." not in theirs.get("/preferences/").content.decode()
        assert theirs.post(f"/preferences/{own.pk}/", {"text": "x"}).status_code == 404
        assert theirs.post(f"/preferences/{own.pk}/delete/").status_code == 404
        theirs.post("/preferences/forget/")
    assert Preference.objects.count() == 2
    mine.post(f"/preferences/{own.pk}/", {"text": "Be very brief."})
    assert Preference.objects.filter(text="Be very brief.").exists()
    mine.post("/preferences/switch/", {"is_on": "no"})
    wishing.refresh_from_db()
    assert not wishing.wants_preferences
    mine.post("/preferences/forget/")
    assert Preference.objects.count() == 0


def test_deleting_one_leaves_the_others(alice: User) -> None:
    one, other = (preference_add(user=alice, text=text) for text in ("a", "b"))
    preference_delete(preference=one)
    assert list(Preference.objects.all()) == [other]


def test_why_this_answer_names_them(alice: User, client_for: Any) -> None:
    why = {"kind": "base", "reason": "no_routes", "preferences": ["Be brief."]}
    reply = ReplyFactory(conversation__user=alice, provenance=why)
    page = client_for(alice).get(f"/m/{reply.pk}/", HTTP_HX_REQUEST="true").content.decode()
    assert "Your preferences that went with the question" in page
    assert "Be brief." in page
