"""Replies with feedback become log entries; replies without any do not."""

from __future__ import annotations

import pytest

from chat.models import MessageOrigin, MessageRole, MessageState
from curation.models import LogEntry
from curation.services.freezing import logs_freeze
from tests.factories import FeedbackFactory, MessageFactory, ReplyFactory, UserFactory

pytestmark = pytest.mark.django_db


def freeze_one() -> LogEntry:
    logs_freeze()
    return LogEntry.objects.get()


def test_thumb_reasons_and_comment_are_kept_in_order() -> None:
    row = FeedbackFactory(thumb=-1, reasons=["too_long", "style"], comment="Be brief.")
    entry = freeze_one()
    assert entry.feedback == [
        {"kind": "thumb", "text": "down"},
        {"kind": "reason", "text": "too_long"},
        {"kind": "reason", "text": "style"},
        {"kind": "comment", "text": "Be brief."},
    ]
    assert entry.response == row.message.content
    assert entry.query == row.message.parent.content
    assert entry.user == row.user


def test_a_follow_up_alone_is_a_signal() -> None:
    reply = ReplyFactory()
    MessageFactory(conversation=reply.conversation, parent=reply, content="Shorter, please.")
    assert freeze_one().feedback == [{"kind": "follow_up", "text": "Shorter, please."}]


def test_a_reply_without_feedback_makes_no_entry() -> None:
    ReplyFactory()
    assert logs_freeze().n_added == 0
    assert not LogEntry.objects.exists()


def test_the_latest_correction_in_a_chain_counts() -> None:
    reply = ReplyFactory()
    shared = {
        "conversation": reply.conversation,
        "parent": reply.parent,
        "role": MessageRole.ASSISTANT,
        "origin": MessageOrigin.CORRECTION,
    }
    first = MessageFactory(content="Hi, first.", correction_of=reply, **shared)
    MessageFactory(content="Hi, second.", correction_of=first, **shared)
    entry = freeze_one()
    assert entry.message == reply
    assert entry.correction == "Hi, second."


def test_a_liked_regenerated_sibling_is_preferred() -> None:
    reply = ReplyFactory()
    sibling = ReplyFactory(
        conversation=reply.conversation, parent=reply.parent, content="A better one."
    )
    FeedbackFactory(message=sibling, thumb=1)
    logs_freeze()
    assert LogEntry.objects.get(message=reply).preferred_sibling == "A better one."
    assert LogEntry.objects.get(message=sibling).preferred_sibling is None


def test_earlier_turns_are_the_context() -> None:
    reply = ReplyFactory(content="First answer.")
    question = MessageFactory(conversation=reply.conversation, parent=reply, content="And then?")
    second = ReplyFactory(conversation=reply.conversation, parent=question)
    FeedbackFactory(message=second)
    logs_freeze()
    entry = LogEntry.objects.get(message=second)
    assert [turn["role"] for turn in entry.messages] == ["user", "assistant", "user"]
    assert entry.messages[-1]["content"] == entry.query == "And then?"


@pytest.mark.parametrize("consent", [False, None])
def test_people_who_have_not_agreed_are_left_out(consent: bool | None) -> None:
    user = UserFactory(training_consent=consent)
    FeedbackFactory(message__conversation__user=user)
    assert logs_freeze().n_added == 0


def test_somebody_elses_feedback_does_not_count() -> None:
    FeedbackFactory(user=UserFactory())
    assert logs_freeze().n_added == 0


@pytest.mark.parametrize("state", [MessageState.GENERATING, MessageState.FAILED])
def test_unfinished_replies_are_left_out(state: str) -> None:
    FeedbackFactory(message__state=state)
    assert logs_freeze().n_added == 0


def test_the_answering_model_is_recorded() -> None:
    FeedbackFactory(message__provenance={"model": "small", "adapter_name": "mails-1"})
    entry = freeze_one()
    assert (entry.model, entry.adapter) == ("small", "mails-1")


def test_the_system_prompt_a_reply_was_written_with_begins_its_context() -> None:
    reply = ReplyFactory(provenance={"system_prompt": "Be brief."})
    FeedbackFactory(message=reply)
    assert freeze_one().messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": reply.parent.content},
    ]


def test_a_reply_from_a_file_makes_no_entry() -> None:
    row = FeedbackFactory(thumb=-1)
    row.message.provenance = {"kind": "base", "reason": "imported", "model": "smollm2"}
    row.message.save()
    assert logs_freeze().n_added == 0
