"""A simulated deployment is lived through the chat's own ways, once."""

from __future__ import annotations

import pytest

from chat import generation
from chat.models import Conversation, Feedback, Message, MessageOrigin, MessageState
from curation.models import LogEntry
from curation.services.freezing import logs_freeze
from tests.scripted import AsyncScriptedClient
from training.demo.replay import replay
from training.simulation import NOISE, build_deployment
from uno_site.accounts.models import User
from uno_site.errors import UnoError
from uno_site.inference.errors import EngineUnreachable

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "Dear Sir or Madam, this is a long reply. It goes on. And on. Yours faithfully, the model."
ENTRIES = build_deployment(0, n_entries_per_topic=2, n_noise=4).entries


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> AsyncScriptedClient:
    client = AsyncScriptedClient(LONG)
    monkeypatch.setattr(generation, "engine_client", lambda: client)
    return client


def test_everybody_asks_and_reacts(chat: AsyncScriptedClient) -> None:
    told: list[tuple[int, int]] = []
    lived = replay(ENTRIES, lambda done, total: told.append((done, total)))

    assert told[-1] == (8, 8)
    assert len(chat.requests) == 8
    assert {item.reply.state for item in lived} == {MessageState.COMPLETE}
    assert {item.reply.content for item in lived} == {LONG}
    n_topical = sum(entry.topic != NOISE for entry in ENTRIES)
    assert Feedback.objects.filter(thumb=-1).count() >= n_topical
    assert Message.objects.filter(origin=MessageOrigin.CORRECTION).count() >= n_topical
    assert set(User.objects.values_list("training_consent", flat=True)) == {True}


def test_the_logs_are_what_curation_takes_up(chat: AsyncScriptedClient) -> None:
    replay(ENTRIES)
    logs_freeze()
    corrected = LogEntry.objects.exclude(correction=None)
    assert corrected.count() >= sum(entry.topic != NOISE for entry in ENTRIES)
    assert set(LogEntry.objects.values_list("response", flat=True)) == {LONG}


def test_a_second_time_adds_nothing(chat: AsyncScriptedClient) -> None:
    replay(ENTRIES[:5])
    replay(ENTRIES)
    again = replay(ENTRIES)
    assert len(again) == Conversation.objects.count() == len(chat.requests) == 8


def test_a_reaction_that_was_missed_is_made_up_for(chat: AsyncScriptedClient) -> None:
    lived = replay(ENTRIES)
    topical = next(item for item in lived if item.entry.topic != NOISE)
    topical.reply.feedback.all().delete()
    topical.reply.corrections.all().delete()
    topical.reply.children.all().delete()
    replay(ENTRIES)
    assert topical.reply.feedback.exists()
    assert topical.reply.corrections.exists()


def test_an_engine_that_is_away_is_told(chat: AsyncScriptedClient) -> None:
    chat.script.reply = EngineUnreachable("Nobody answers at http://x.")
    with pytest.raises(UnoError, match=r"did not answer .* The model cannot be reached"):
        replay(ENTRIES[:1])
