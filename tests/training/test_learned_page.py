"""What UNO learned from a person: their own page, and taking an entry out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from chat.models import Message, RouteTable
from curation.models import Cluster, EntryState, LogEntry, ReviewState
from tests.factories import ClusterFactory, LogEntryFactory, PairFactory, ReplyFactory, RuleFactory
from tests.scripted import ScriptedClient
from training.models import Adapter, TrainingExample
from training.services.promotion import promote
from training.services.withdrawal import consent_sync
from uno_site.accounts.models import User

pytestmark = pytest.mark.django_db
Make = Callable[..., Adapter]


def make_entry(user: User, cluster: Cluster, query: str = "How do I sleep better?") -> LogEntry:
    """An entry of the person's with an approved rule and pair."""
    reply = ReplyFactory(conversation__user=user, parent__content=query)
    entry = LogEntryFactory(
        user=user,
        message=reply,
        query=query,
        correction="Go to bed at ten.",
        cluster=cluster,
        state=EntryState.DISTILLED,
    )
    RuleFactory(entry=entry, state=ReviewState.APPROVED, text="Keep it brief.")
    PairFactory(entry=entry, state=ReviewState.APPROVED)
    return entry


@pytest.fixture
def letters() -> Cluster:
    return ClusterFactory(name="Sleep")


@pytest.fixture
def entry(alice: User, letters: Cluster) -> LogEntry:
    return make_entry(alice, letters)


@pytest.fixture
def adapter(entry: LogEntry, letters: Cluster, make: Make) -> Adapter:
    """An adapter that the entry trained."""
    adapter = make(letters)
    TrainingExample.objects.create(
        run=adapter.run, entry=entry, entry_key=entry.pk, pair=entry.pairs.get(), split="train"
    )
    return adapter


@pytest.fixture
def browser(alice: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(alice)


def test_it_shows_the_entry_what_was_made_of_it_and_how_far_it_went(
    browser: Client, adapter: Adapter
) -> None:
    page = browser.get("/training/learned/").content.decode()
    for part in ("How do I sleep better?", "Keep it brief.", "short e-mail", adapter.name):
        assert part in page
    assert "<ins>" in page


def test_a_rule_that_others_asked_for_too_tells_what_was_decided(
    browser: Client, entry: LogEntry
) -> None:
    first = entry.rules.get()
    again = RuleFactory(entry=entry, text="Be brief.")
    again.merged_into, again.state = first, ReviewState.MERGED
    again.save()
    page = browser.get("/training/learned/").content.decode()
    assert "Be brief." in page
    assert "Merged into another" not in page


def test_everybody_sees_only_their_own(
    entry: LogEntry, bob: User, curator: User, client_for: Callable[[User], Client]
) -> None:
    for somebody in (bob, curator):
        browser = client_for(somebody)
        assert "How do I sleep better?" not in browser.get("/training/learned/").content.decode()
        assert browser.post(f"/training/learned/{entry.pk}/withdraw/").status_code == 404
        path = f"/training/learned/replies/{entry.message_id}/allow/"
        assert browser.post(path).status_code == 404
    assert LogEntry.objects.filter(pk=entry.pk).exists()


def test_taking_an_entry_out_takes_off_what_learned_from_it(
    browser: Client, entry: LogEntry, adapter: Adapter, scripted: ScriptedClient
) -> None:
    promote([adapter], None)
    answer = browser.post(f"/training/learned/{entry.pk}/withdraw/", follow=True)
    page = answer.content.decode()
    assert "Taken out by you" in page
    assert "Keep it brief." not in page
    assert consent_sync()["n_taken_off"] == 1
    adapter.refresh_from_db()
    assert adapter.is_tainted
    assert [r.kind for r in RouteTable.objects.get(is_active=True).routes.all()] == ["base"]


def test_it_can_be_allowed_again(browser: Client, entry: LogEntry) -> None:
    browser.post(f"/training/learned/{entry.pk}/withdraw/")
    browser.post(f"/training/learned/replies/{entry.message_id}/allow/")
    assert not Message.objects.filter(is_withdrawn=True).exists()


def test_many_entries_take_as_many_queries_as_few(
    browser: Client,
    alice: User,
    letters: Cluster,
    adapter: Adapter,
    django_assert_num_queries: Callable[[int], object],
) -> None:
    for number in range(6):
        row = make_entry(alice, letters, f"Question {number}?")
        TrainingExample.objects.create(
            run=adapter.run, entry=row, entry_key=row.pk, pair=row.pairs.get(), split="train"
        )
    # Session, user; count, entries, rules, pairs, examples, adapters; four totals; withdrawn.
    with django_assert_num_queries(13):
        browser.get("/training/learned/")
