"""What a person takes back leaves the records of decisions too; who decided what stays there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from curation.models import PreferencePair, ReviewAction, ReviewState, Rule
from curation.services.consent import consent_sync
from curation.services.review_actions import action_run, action_undo
from tests.factories import ConversationFactory, LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict
from uno_site.jobs.registry import get_kind

pytestmark = pytest.mark.django_db
SAID = "Mister Mueller in bed four must get no penicillin."


def has_work() -> bool:
    return get_kind("curation.sync_consent").has_work()


def everything_recorded() -> str:
    events = list(AuditEvent.objects.values_list("data", flat=True))
    return json.dumps([events, list(ReviewAction.objects.values_list("rows", flat=True))])


def edit(rule: Rule, curator: User) -> ReviewAction:
    return action_run(verb="edit", noun="rules", item=rule, by=curator, text=f"Mind: {SAID}").action


@pytest.fixture
def rule(alice: User) -> Rule:
    conversation = ConversationFactory(user=alice)
    message = conversation.messages.create(role="assistant", origin="model", content="Yes.")
    return RuleFactory(entry=LogEntryFactory(user=alice, message=message), text=SAID)


def test_a_deleted_conversation_leaves_no_words_in_the_records(rule: Rule, curator: User) -> None:
    edit(rule, curator)
    rule.entry.message.conversation.delete()
    assert has_work()
    assert consent_sync()["records"] == 1
    assert "penicillin" not in everything_recorded()
    event = AuditEvent.objects.get(action="rule.edit")
    assert (event.actor, event.data) == (curator, {"state_before": "proposed"})
    assert not has_work()


def test_withdrawn_consent_reaches_edited_answers(alice: User, curator: User) -> None:
    pair = PairFactory(entry__user=alice, chosen=SAID)
    action_run(verb="edit", noun="pairs", item=pair, by=curator, text=f"Dear all, {SAID}")
    alice.training_consent = False
    alice.save()
    consent_sync()
    assert not PreferencePair.objects.exists()
    assert "penicillin" not in everything_recorded()


def test_what_is_still_there_keeps_its_history_and_its_undo(rule: Rule, curator: User) -> None:
    action = edit(rule, curator)
    assert not has_work()
    assert consent_sync()["records"] == 0
    assert "penicillin" in everything_recorded()
    action_undo(action=action, by=curator)
    rule.refresh_from_db()
    assert (rule.text, rule.state) == (SAID, ReviewState.PROPOSED)


def test_a_decision_that_changes_no_words_keeps_none(rule: Rule, curator: User) -> None:
    action = action_run(verb="approve", noun="rules", item=rule, by=curator).action
    assert "penicillin" not in everything_recorded()
    action_undo(action=action, by=curator)
    rule.refresh_from_db()
    assert (rule.text, rule.state) == (SAID, ReviewState.PROPOSED)


def test_an_edit_of_what_is_gone_cannot_be_undone(rule: Rule, curator: User) -> None:
    action = edit(rule, curator)
    rule.entry.delete()
    consent_sync()
    action.refresh_from_db()
    with pytest.raises(Conflict):
        action_undo(action=action, by=curator)


def test_undoing_is_forgotten_after_its_time_whoever_works_next(rule: Rule, curator: User) -> None:
    edit(rule, curator)
    ReviewAction.objects.update(at=timezone.now() - timedelta(hours=25))
    assert has_work()
    consent_sync()
    assert not ReviewAction.objects.exists()


def test_a_rule_waits_again_when_a_deleted_conversation_took_its_target_along(rule: Rule) -> None:
    merged = RuleFactory(state=ReviewState.MERGED, merged_into=rule)
    rule.entry.message.conversation.delete()
    assert has_work()
    assert consent_sync()["reopened"] == 1
    merged.refresh_from_db()
    assert merged.state == ReviewState.PROPOSED
    assert not has_work()
