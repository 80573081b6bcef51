"""Completions are kept as conversations: with consent only, and as one conversation."""

import pytest

from chat.models import Conversation, ConversationOrigin, Message, MessageOrigin, MessageState
from chat.services.messages import message_correct
from curation.models import LogEntry
from curation.services.freezing import logs_freeze
from tests.factories import ReplyFactory

pytestmark = pytest.mark.django_db
SYSTEM = {"role": "system", "content": "Be brief."}
FIRST = {"role": "user", "content": "How do I sleep better?"}
REPLY = {"role": "assistant", "content": "A scripted reply."}
NEXT = {"role": "user", "content": "Shorter, please."}


@pytest.fixture(autouse=True)
def _served(scripted) -> None:
    """The engine answers."""


@pytest.fixture
def say(call):
    """Ask with a whole conversation; returns the answer's body."""

    def send(*messages: dict, **fields) -> dict:
        answer = call("chat/completions", {"model": "uno", "messages": list(messages), **fields})
        assert answer.status_code == 200, answer.content
        return answer.json()

    return send


def test_a_completion_is_kept_with_its_provenance(say, alice) -> None:
    body = say(SYSTEM, FIRST)
    assert body["uno"]["is_stored"]
    conversation = Conversation.objects.get(user=alice)
    assert conversation.origin == ConversationOrigin.API
    assert conversation.title == "How do I sleep better?"
    reply = conversation.leaf
    assert body["id"] == f"chatcmpl-{reply.pk.hex}"
    assert (reply.state, reply.origin) == (MessageState.COMPLETE, MessageOrigin.MODEL)
    assert reply.content == "A scripted reply."
    assert reply.provenance["reason"] == "no_routes"
    assert reply.sampling["seed"] is not None
    assert [turn.role for turn in (reply.parent.parent, reply.parent)] == ["system", "user"]


@pytest.mark.parametrize("consent", [False, None])
def test_without_consent_nothing_is_kept(say, alice, consent) -> None:
    alice.training_consent = consent
    alice.save()
    assert not say(FIRST)["uno"]["is_stored"]
    assert not Conversation.objects.exists()


def test_store_false_keeps_nothing(say) -> None:
    assert not say(FIRST, store=False)["uno"]["is_stored"]
    assert not Conversation.objects.exists()


def test_a_conversation_that_goes_on_stays_one(say) -> None:
    say(SYSTEM, FIRST)
    say(SYSTEM, FIRST, REPLY, NEXT)
    say(SYSTEM, FIRST, REPLY, NEXT, REPLY, FIRST)
    conversation = Conversation.objects.get()
    roles = conversation.messages.values_list("role", flat=True)
    assert list(roles) == ["system", *["user", "assistant"] * 3]
    assert not conversation.messages.filter(origin=MessageOrigin.CLIENT).exists()


def test_what_is_asked_after_a_reply_is_feedback_on_it(say) -> None:
    say(FIRST)
    say(FIRST, REPLY, NEXT)
    assert logs_freeze().n_added == 1
    entry = LogEntry.objects.get()
    assert entry.feedback == [{"kind": "follow_up", "text": "Shorter, please."}]
    assert (entry.query, entry.response) == (FIRST["content"], REPLY["content"])
    assert entry.source == "api"


def test_asking_the_same_again_after_a_reply_makes_a_sibling(say) -> None:
    say(FIRST)
    say(FIRST, REPLY, NEXT)
    say(FIRST, REPLY, NEXT)
    asked = Message.objects.get(content=NEXT["content"])
    assert asked.children.count() == 2


def test_the_same_first_question_begins_another_conversation(say) -> None:
    say(SYSTEM, FIRST)
    say(SYSTEM, FIRST)
    assert Conversation.objects.count() == 2


def test_replies_that_are_not_ours_are_kept_as_the_clients(say) -> None:
    say(FIRST, {"role": "assistant", "content": "Made elsewhere."}, NEXT)
    foreign = Message.objects.get(content="Made elsewhere.")
    assert foreign.origin == MessageOrigin.CLIENT
    assert logs_freeze().n_added == 0


def test_a_conversation_goes_on_after_a_correction_too(say, alice) -> None:
    say(FIRST)
    message_correct(message=Conversation.objects.get().leaf, content="Sleep more.")
    say(FIRST, {"role": "assistant", "content": "Sleep more."}, NEXT)
    assert Conversation.objects.count() == 1


def test_other_peoples_conversations_are_never_continued(say, call, new_key, bob) -> None:
    say(FIRST)
    _, others = new_key(bob)
    body = {"model": "uno", "messages": [FIRST, REPLY, NEXT]}
    assert call("chat/completions", body, key=others).status_code == 200
    assert Conversation.objects.filter(user=bob).count() == 1
    assert Message.objects.filter(conversation__user=bob, origin=MessageOrigin.MODEL).count() == 1


def test_conversations_of_the_chat_pages_are_left_alone(say, alice) -> None:
    ReplyFactory(
        conversation__user=alice, content=REPLY["content"], parent__content=FIRST["content"]
    )
    say(FIRST, REPLY, NEXT)
    assert Conversation.objects.count() == 2


def test_nul_bytes_are_left_out(say, scripted) -> None:
    turns = [SYSTEM | {"content": "Be\x00 brief."}, {"role": "user", "content": "a\x00b"}]
    scripted.script.reply = "c\x00d"
    assert say(*turns)["uno"]["is_stored"]
    contents = Message.objects.order_by("created_at").values_list("content", flat=True)
    assert list(contents) == ["Be brief.", "ab", "cd"]
    assert Message.objects.last().provenance["system_prompt"] == "Be brief."


def test_the_sidebar_lists_them_apart_and_search_finds_them(say, alice, client_for) -> None:
    say(FIRST)
    browser = client_for(alice)
    assert FIRST["content"] not in browser.get("/").content.decode()
    listed = browser.get("/c/?origin=api").content.decode()
    assert FIRST["content"] in listed
    assert "Came by the API." in listed
    assert FIRST["content"] in browser.get("/c/?q=sleep").content.decode()


def test_its_page_shows_what_the_program_sent(say, alice, client_for) -> None:
    say(SYSTEM, FIRST, {"role": "assistant", "content": "Made elsewhere."}, NEXT)
    conversation = Conversation.objects.get()
    page = client_for(alice).get(f"/c/{conversation.pk}/").content.decode()
    assert "System message of the program that asked" in page
    assert "as an earlier reply" in page
    assert page.count('aria-label="Good reply"') == 1
