"""Revisions are sampled and scored only as far as the roles' checks allow it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from curation.models import Candidate, EntryState, LogEntry, PairSource, PreferencePair
from curation.services.pairing import pairs_update
from curation.services.revising import candidates_update
from curation.services.withdrawal import LOGGED_REPLY, NEXT_REPLY
from tests.factories import LogEntryFactory, RuleFactory
from tests.scripted import ScriptedClient
from uno_site.inference.protocol import ChatRequest

pytestmark = pytest.mark.django_db
Settle = Callable[..., None]


@pytest.fixture
def entry() -> LogEntry:
    entry = LogEntryFactory(state=EntryState.DISTILLED, response="The logged reply.")
    RuleFactory(entry=entry, text="Be brief.")
    return entry


def script(request: ChatRequest) -> str:
    """As a judge: 9 for the good answer, 4 for the logged reply; as a reviser: answers."""
    text = request.messages[-1].content
    if request.json_schema is None:
        return f"Revision {request.sampling.seed} of {len(text)} characters."
    score = 9 if "A good answer." in text else 4 if "The logged reply." in text else 5
    return json.dumps({"reason": "So it is.", "score": score})


def test_an_able_model_revises_with_three_seeds_and_two_prompts(
    entry: LogEntry, scripted: ScriptedClient, settled_roles: Settle
) -> None:
    settled_roles(judge="llm", reviser="generative")
    scripted.reply = script
    report = candidates_update()
    assert (report.n_revised, report.n_judged) == (1, 1)
    made = Candidate.objects.filter(strategy="generative")
    assert made.count() == 6
    assert set(made.values_list("seed", flat=True)) == {0, 1, 2}
    assert len(set(made.values_list("prompt_ref", flat=True))) == 2
    assert set(made.values_list("judge", "score")) == {("llm", 5.0)}
    sampled = [r for r in scripted.requests if r.json_schema is None]
    assert {(r.sampling.temperature, r.sampling.top_p) for r in sampled} == {(1.0, 0.9)}
    assert Candidate.objects.get(strategy=LOGGED_REPLY).score == 4.0


def test_the_best_one_becomes_the_pair(
    entry: LogEntry, scripted: ScriptedClient, settled_roles: Settle
) -> None:
    settled_roles(judge="llm")
    scripted.reply = script
    Candidate.objects.create(entry=entry, text="A good answer.", strategy=NEXT_REPLY)
    Candidate.objects.create(entry=entry, text="A poor answer.", strategy=NEXT_REPLY)
    candidates_update()
    pairs_update()
    pair = PreferencePair.objects.get()
    assert (pair.source, pair.chosen, pair.score) == (PairSource.REVISION, "A good answer.", 9.0)
    assert pair.flags == []


def test_a_revision_that_is_no_better_than_the_reply_is_flagged(
    entry: LogEntry, scripted: ScriptedClient, settled_roles: Settle
) -> None:
    settled_roles(judge="llm")
    scripted.reply = json.dumps({"reason": "All the same.", "score": 5})
    Candidate.objects.create(entry=entry, text="A good answer.", strategy=NEXT_REPLY)
    candidates_update()
    pairs_update()
    assert PreferencePair.objects.get().flags == ["not_above_reply"]


@pytest.mark.parametrize("judge", ["none", "reference"])
def test_without_a_judge_for_it_nothing_is_scored(
    entry: LogEntry, scripted: ScriptedClient, settled_roles: Settle, judge: str
) -> None:
    settled_roles(judge=judge, reviser="generative")
    Candidate.objects.create(entry=entry, text="A good answer.", strategy=NEXT_REPLY)
    assert candidates_update().n_judged == 0
    assert not Candidate.objects.filter(score__isnull=False).exists()


def test_an_entry_with_the_users_own_answer_is_not_revised(
    scripted: ScriptedClient, settled_roles: Settle
) -> None:
    settled_roles(judge="llm", reviser="generative")
    LogEntryFactory(state=EntryState.DISTILLED, correction="Hi.")
    LogEntryFactory(state=EntryState.DISTILLED, preferred_sibling="Hello.")
    assert candidates_update().n_revised == 0


def test_revising_again_asks_for_nothing(
    entry: LogEntry, scripted: ScriptedClient, settled_roles: Settle
) -> None:
    settled_roles(judge="llm", reviser="generative")
    scripted.reply = script
    candidates_update()
    n_asked = len(scripted.requests)
    candidates_update()
    assert len(scripted.requests) == n_asked
