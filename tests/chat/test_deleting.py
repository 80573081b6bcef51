"""Deleting a conversation takes along what was learned from it and not reviewed elsewhere."""

import pytest

from chat.models import Conversation, Feedback, Message
from curation.models import LogEntry, Rule
from tests.factories import FeedbackFactory, LogEntryFactory, RuleFactory

pytestmark = pytest.mark.django_db


def test_messages_feedback_and_log_entries_go_with_it(
    alice, client_for, conversation, reply
) -> None:
    FeedbackFactory(message=reply)
    RuleFactory(entry=LogEntryFactory(user=alice, message=reply))
    answer = client_for(alice).post(f"/c/{conversation.pk}/delete/")
    assert answer.url == "/"
    for model in (Conversation, Message, Feedback, LogEntry, Rule):
        assert not model.objects.exists(), model
