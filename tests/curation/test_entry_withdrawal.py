"""A person takes one reply out of the learning, and may let it in again."""

import pytest

from chat.models import Message
from curation.models import LogEntry, PreferencePair, Rule
from curation.services.freezing import logs_freeze
from curation.services.withdrawal import entry_withdraw, withdrawal_undo
from tests.factories import FeedbackFactory, PairFactory, RuleFactory
from uno_site.audit.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry() -> LogEntry:
    FeedbackFactory(comment="Be brief.")
    logs_freeze()
    entry = LogEntry.objects.get()
    RuleFactory(entry=entry)
    PairFactory(entry=entry)
    return entry


def test_all_that_was_made_of_it_goes_and_the_conversation_stays(entry) -> None:
    entry_withdraw(entry=entry, by=entry.user)
    assert not (LogEntry.objects.exists() or Rule.objects.exists())
    assert not PreferencePair.objects.exists()
    assert Message.objects.count() == 2
    assert AuditEvent.objects.get(action="entry.withdraw").actor == entry.user


def test_it_is_not_made_again_until_it_is_allowed(entry) -> None:
    entry_withdraw(entry=entry, by=entry.user)
    assert logs_freeze().n_added == 0
    withdrawal_undo(message=Message.objects.get(is_withdrawn=True))
    assert logs_freeze().n_added == 1
