"""The tree: regenerated replies, corrections and edited questions are siblings."""

import pytest

from chat.models import MessageOrigin, MessageState
from chat.selectors import thread
from chat.services.messages import (
    message_correct,
    message_regenerate,
    message_revise,
    message_send,
    message_show,
)
from uno_site.accounts.quotas import quota_of
from uno_site.errors import Conflict, InvalidInput

pytestmark = pytest.mark.django_db


def finish(message, text="Done.") -> None:
    message.state, message.content = MessageState.COMPLETE, text
    message.save()


def shown(conversation) -> list[str]:
    conversation.refresh_from_db()
    return [turn.message.content for turn in thread(conversation)]


def test_regenerating_adds_a_sibling_and_shows_it(conversation, reply) -> None:
    again = message_regenerate(message=reply)
    finish(again, "Sleep earlier.")
    assert again.parent == reply.parent
    assert shown(conversation) == ["How do I sleep better?", "Sleep earlier."]
    last = thread(conversation)[-1]
    assert (last.position, last.n_siblings, last.previous, last.next) == (2, 2, reply, None)
    reply.refresh_from_db()
    assert reply.content == "Sleep more."


@pytest.mark.parametrize("question", ["", " \n"])
def test_the_reply_to_an_empty_question_is_not_written_anew(
    conversation, reply, launched, question
) -> None:
    """Conversations that were imported may hold such; the model would have nothing to answer."""
    conversation.messages.filter(pk=reply.parent_id).update(content=question)
    reply.refresh_from_db()
    with pytest.raises(Conflict, match=r"question of this reply is empty\. Edit"):
        message_regenerate(message=reply)
    assert conversation.messages.count() == 2
    assert quota_of(conversation.user).n_messages == 0


def test_a_correction_is_a_shown_sibling_and_the_original_stays(conversation, reply) -> None:
    correction = message_correct(message=reply, content="Go to bed at ten.")
    assert correction.origin == MessageOrigin.CORRECTION
    assert correction.correction_of == reply
    assert correction.parent == reply.parent
    assert shown(conversation)[-1] == "Go to bed at ten."
    reply.refresh_from_db()
    assert reply.content == "Sleep more."


def test_correcting_a_correction_names_the_correction_it_came_from(conversation, reply) -> None:
    first = message_correct(message=reply, content="Go to bed at ten.")
    second = message_correct(message=first, content="Go to bed at nine.")
    assert second.correction_of == first
    assert first.correction_of == reply
    assert second.parent == reply.parent
    assert shown(conversation)[-1] == "Go to bed at nine."


def test_a_correction_that_changes_nothing_is_refused(reply) -> None:
    with pytest.raises(Conflict, match="Nothing was changed"):
        message_correct(message=reply, content="  Sleep more.\n")


def test_an_empty_correction_is_refused(reply) -> None:
    with pytest.raises(InvalidInput):
        message_correct(message=reply, content=" ")


def test_a_question_cannot_be_corrected_as_a_reply(reply) -> None:
    with pytest.raises(Conflict, match="Only a reply"):
        message_correct(message=reply.parent, content="Other")


def test_a_reply_being_written_cannot_be_corrected(conversation, reply) -> None:
    again = message_regenerate(message=reply)
    with pytest.raises(Conflict, match="still being written"):
        message_correct(message=again, content="Other")


def test_showing_a_sibling_brings_back_its_newest_end(alice, conversation, reply) -> None:
    _, follow_up = message_send(user=alice, content="Why?", conversation=conversation)
    finish(follow_up, "Because.")
    message_correct(message=reply, content="Go to bed at ten.")
    assert shown(conversation) == ["How do I sleep better?", "Go to bed at ten."]
    assert message_show(message=reply) == follow_up
    assert shown(conversation)[-2:] == ["Why?", "Because."]


def test_a_follow_up_to_a_correction_continues_from_it(alice, conversation, reply) -> None:
    correction = message_correct(message=reply, content="Go to bed at ten.")
    message, _ = message_send(user=alice, content="Thanks!", conversation=conversation)
    assert message.parent == correction


def test_asking_anew_adds_a_sibling_question(conversation, reply) -> None:
    question, again = message_revise(message=reply.parent, content="How do I wake up better?")
    assert question.parent_id is None
    assert again.parent == question
    finish(again, "Slowly.")
    assert shown(conversation) == ["How do I wake up better?", "Slowly."]
    assert thread(conversation)[0].n_siblings == 2
