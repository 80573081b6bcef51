"""Feedback that changes after it was frozen: refreshed, or kept where it was reviewed."""

from __future__ import annotations

import pytest

from curation.models import EntryState, LogEntry, ReviewState
from curation.services.flags import CHANGED_AFTER_REVIEW
from curation.services.freezing import logs_freeze
from curation.services.review import approve_all, item_approve
from curation.services.withdrawal import entry_withdraw
from tests.factories import FeedbackFactory, RuleFactory
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def feedback() -> FeedbackFactory:
    row = FeedbackFactory(comment="Be brief.")
    logs_freeze()
    LogEntry.objects.update(state=EntryState.DISTILLED)
    return row


def test_freezing_again_changes_nothing(feedback: FeedbackFactory) -> None:
    report = logs_freeze()
    assert (report.n_added, report.n_refreshed) == (0, 0)
    assert LogEntry.objects.get().state == EntryState.DISTILLED


def test_an_unreviewed_entry_is_refreshed_and_distilled_again(feedback: FeedbackFactory) -> None:
    RuleFactory(entry=LogEntry.objects.get())
    feedback.comment = "Use bullets."
    feedback.save()
    assert logs_freeze().n_refreshed == 1
    entry = LogEntry.objects.get()
    assert entry.feedback[-1]["text"] == "Use bullets."
    assert entry.state == EntryState.PENDING
    assert not entry.rules.exists()


def test_a_reviewed_entry_is_kept_and_flagged_once(
    feedback: FeedbackFactory, curator: User
) -> None:
    item_approve(item=RuleFactory(entry=LogEntry.objects.get()), by=curator)
    feedback.comment = "Use bullets."
    feedback.save()
    assert logs_freeze().n_kept == 1
    assert logs_freeze().n_kept == 0
    entry = LogEntry.objects.get()
    assert entry.feedback[-1]["text"] == "Be brief."
    assert entry.flags == [CHANGED_AFTER_REVIEW]
    assert entry.rules.get().state == ReviewState.APPROVED


def test_an_approval_by_policy_is_no_review(feedback: FeedbackFactory) -> None:
    RuleFactory(entry=LogEntry.objects.get())
    approve_all()
    feedback.comment = "Use bullets."
    feedback.save()
    assert logs_freeze().n_refreshed == 1


def test_feedback_taken_back_takes_the_entry_along(feedback: FeedbackFactory) -> None:
    feedback.delete()
    assert logs_freeze().n_removed == 1
    assert not LogEntry.objects.exists()


def test_a_deleted_conversation_takes_the_entry_along(feedback: FeedbackFactory) -> None:
    feedback.message.conversation.delete()
    assert not LogEntry.objects.exists()


def test_an_entry_that_is_taken_out_while_logs_are_collected_stays_out() -> None:
    """The conversations are read by the hundred; much may happen until the last is looked at."""
    first, second = sorted(
        (FeedbackFactory(comment="Be brief."), FeedbackFactory(comment="Be brief.")),
        key=lambda row: row.message.conversation_id,
    )
    logs_freeze()
    second.comment = "Use bullets."
    second.save()
    entry = LogEntry.objects.get(message=second.message)

    def take_out(n_done: int) -> None:
        if n_done == 1:
            entry_withdraw(entry=entry, by=entry.user)

    logs_freeze(on_progress=take_out)
    assert LogEntry.objects.get().message == first.message
