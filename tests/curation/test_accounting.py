"""Every entry is in exactly one row of the table."""

from __future__ import annotations

import pytest

from curation.accounting import TRAINING, accounting
from curation.models import EntryState, ReviewState
from curation.services.flags import SATISFIED
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, RuleFactory, UserFactory

pytestmark = pytest.mark.django_db


def ready(**values: object) -> object:
    entry = LogEntryFactory(state=EntryState.DISTILLED, **values)
    RuleFactory(entry=entry, state=ReviewState.APPROVED)
    PairFactory(entry=entry, state=ReviewState.APPROVED)
    return entry


def test_the_outcomes_add_up_and_say_why() -> None:
    ready(cluster=ClusterFactory())
    ready(cluster=ClusterFactory(is_noise=True))
    ready(cluster=ClusterFactory(is_excluded=True))
    ready()
    ready(is_excluded=True)
    ready(user=UserFactory(training_consent=False))
    LogEntryFactory()
    LogEntryFactory(state=EntryState.FAILED)
    LogEntryFactory(state=EntryState.NO_RULES, flags=[SATISFIED])
    RuleFactory()
    PairFactory(flags=["much_shorter"])
    PairFactory(state=ReviewState.REJECTED)
    rule = RuleFactory()
    PairFactory(entry=rule.entry, state=ReviewState.APPROVED)
    table = accounting()
    assert {outcome.label: outcome.n for outcome in table.outcomes} == {
        TRAINING: 1,
        "In a cluster of noise": 1,
        "In an excluded cluster": 1,
        "Not yet in a cluster": 1,
        "Excluded by a curator": 1,
        "Consent withdrawn": 1,
        "Waiting to be distilled": 1,
        "Distilling failed": 1,
        "Nothing to learn: The user was satisfied and suggested nothing": 1,
        "Rules, but no better answer to pair with": 1,
        "Pair flagged, to be looked at": 1,
        "Pair rejected": 1,
        "Rules to be reviewed": 1,
    }
    assert sum(outcome.n for outcome in table.outcomes) == table.n_entries == 13


def test_clusters_are_listed_with_their_pairs() -> None:
    ready(cluster=ClusterFactory(name="Mails", gap=0.3, gap_route="expert"))
    [line] = accounting().clusters
    assert (line.name, line.n_entries, line.n_approved_pairs) == ("Mails", 1, 1)
    assert (line.gap, line.route, line.is_noise) == (0.3, "expert", False)
