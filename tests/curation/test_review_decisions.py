"""A curator's decisions are kept with who and when, and can be taken back."""

from __future__ import annotations

import pytest

from curation.models import ReviewState
from curation.services import review
from tests.factories import LogEntryFactory, PairFactory, RuleFactory
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict, InvalidInput

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("factory", [RuleFactory, PairFactory])
@pytest.mark.parametrize(
    ("service", "state", "verb"),
    [
        (review.item_approve, ReviewState.APPROVED, "approve"),
        (review.item_reject, ReviewState.REJECTED, "reject"),
    ],
)
def test_a_decision_is_recorded(
    curator: User, factory: type, service: object, state: str, verb: str
) -> None:
    item = service(item=factory(), by=curator)
    item.refresh_from_db()
    assert (item.state, item.reviewed_by) == (state, curator)
    assert item.reviewed_at is not None
    event = AuditEvent.objects.get()
    assert event.action.endswith(f".{verb}")
    assert (event.actor, event.subject_id) == (curator, item.pk)


def test_an_edited_rule_is_approved_and_keeps_what_was_distilled(curator: User) -> None:
    rule = RuleFactory(text="Be shrot.", flags=["not_grounded"])
    review.rule_edit(rule=rule, text="  Be short. ", by=curator)
    review.rule_edit(rule=rule, text="Be brief.", by=curator)
    rule.refresh_from_db()
    assert (rule.text, rule.original_text) == ("Be brief.", "Be shrot.")
    assert (rule.state, rule.flags) == (ReviewState.APPROVED, [])


def test_an_edited_pair_keeps_the_answer_before(curator: User) -> None:
    pair = PairFactory()
    before = pair.chosen
    review.pair_edit(pair=pair, chosen="Hi, better. Cheers, Ana", by=curator)
    pair.refresh_from_db()
    assert (pair.chosen, pair.original_chosen) == ("Hi, better. Cheers, Ana", before)


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001])
def test_a_rule_without_words_or_with_too_many_is_refused(curator: User, text: str) -> None:
    with pytest.raises(InvalidInput):
        review.rule_edit(rule=RuleFactory(), text=text, by=curator)


def test_a_pair_of_equal_answers_is_refused(curator: User) -> None:
    pair = PairFactory()
    with pytest.raises(InvalidInput, match="same"):
        review.pair_edit(pair=pair, chosen=f" {pair.rejected}\n", by=curator)


def test_a_merged_rule_is_decided_where_it_went(curator: User) -> None:
    rule = RuleFactory(state=ReviewState.MERGED, merged_into=RuleFactory())
    with pytest.raises(Conflict):
        review.item_approve(item=rule, by=curator)


def test_reopening_takes_the_decision_back(curator: User) -> None:
    rule = review.item_reject(item=RuleFactory(), by=curator)
    review.item_reopen(item=rule, by=curator)
    rule.refresh_from_db()
    assert (rule.state, rule.reviewed_by) == (ReviewState.PROPOSED, None)


def test_a_decision_on_a_rule_lets_its_entry_be_embedded_again(curator: User) -> None:
    rule = RuleFactory(entry=LogEntryFactory(rules_embedding=b"old"))
    review.item_reject(item=rule, by=curator)
    rule.entry.refresh_from_db()
    # Until then it keeps its place: on the map, and where clusters are merged or split.
    assert (rule.entry.has_new_rules, rule.entry.rules_embedding) == (True, b"old")


def test_excluding_is_recorded_and_can_be_undone(curator: User) -> None:
    entry = LogEntryFactory()
    review.subject_exclude(subject=entry, is_excluded=True, by=curator)
    assert (entry.is_excluded, entry.excluded_by) == (True, curator)
    review.subject_exclude(subject=entry, is_excluded=False, by=curator)
    assert (entry.is_excluded, entry.excluded_by) == (False, None)
    actions = AuditEvent.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["entry.exclude", "entry.include"]
