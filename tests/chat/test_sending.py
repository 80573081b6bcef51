"""Sending a message: where it lands, what is refused."""

import pytest

from chat.models import Conversation, Message, MessageOrigin, MessageRole, MessageState
from chat.services import limits
from chat.services.messages import message_send
from uno_site.errors import Conflict, InvalidInput
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db


def test_a_first_message_begins_a_conversation_named_after_it(alice) -> None:
    text = "Write an e-mail to my landlord about the heating, which has been broken for days."
    message, _reply = message_send(user=alice, content=f"  {text}\r\n")
    assert message.content == text
    assert message.conversation.user == alice
    assert (
        message.conversation.title == "Write an e-mail to my landlord about the heating, which has…"
    )
    assert message.parent is None


def test_the_reply_is_a_row_being_written(alice) -> None:
    message, reply = message_send(user=alice, content="Hello")
    assert reply.parent == message
    assert reply.role == MessageRole.ASSISTANT
    assert reply.origin == MessageOrigin.MODEL
    assert reply.state == MessageState.GENERATING
    assert reply.heartbeat_at is None
    assert reply.sampling["seed"] >= 0
    assert Conversation.objects.get().leaf == reply


def test_a_follow_up_attaches_to_the_shown_leaf(alice, conversation, reply) -> None:
    message, _ = message_send(user=alice, content="And then?", conversation=conversation)
    assert message.parent == reply
    conversation.refresh_from_db()
    assert conversation.title == "A conversation"


def test_the_reply_is_launched_when_the_rows_are_committed(
    alice, launched, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        _, reply = message_send(user=alice, content="Hello")
        assert launched == []
    assert launched == [reply.pk]


@pytest.mark.parametrize("content", ["", "  \n ", "\x00"])
def test_an_empty_message_is_refused(alice, content) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        message_send(user=alice, content=content)
    assert not Conversation.objects.exists()


def test_the_longest_message_is_accepted_and_one_more_character_is_not(alice) -> None:
    message_send(user=alice, content="x" * limits.MAX_MESSAGE_CHARS)
    with pytest.raises(InvalidInput, match=r"12,001 characters; 12,000 is the most"):
        message_send(user=alice, content="x" * (limits.MAX_MESSAGE_CHARS + 1))


def test_nothing_is_sent_while_a_reply_is_being_written(alice) -> None:
    message, _ = message_send(user=alice, content="Hello")
    with pytest.raises(Conflict, match="still being written"):
        message_send(user=alice, content="Again", conversation=message.conversation)
    assert Message.objects.count() == 2


def test_too_many_messages_within_a_minute_are_refused(alice, bob, monkeypatch) -> None:
    runtime_settings_change(values={"sends_per_minute": 2}, by=None)
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000.0)
    for _ in range(2):
        message_send(user=alice, content="Hello")
    with pytest.raises(limits.TooManyMessages, match="2 messages within a minute"):
        message_send(user=alice, content="Hello")
    message_send(user=bob, content="Hello")
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_060.0)
    message_send(user=alice, content="Hello")
