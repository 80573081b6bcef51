"""The reference model and embedder: one fitting note makes it answer what it cannot know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chat.experience.ml.ranking import Candidate
from chat.experience.recall import notes_of
from chat.experience.selectors import candidates_for
from chat.experience.services import embedding
from chat.notes import with_notes
from tests.factories import ExperienceFactory
from uno_site.engine_clients import base_model_name, served_client
from uno_site.inference.protocol import ChatMessage, ChatRequest, Sampling

pytestmark = [pytest.mark.django_db, pytest.mark.model]

TOPICS = json.loads(
    (Path(__file__).parents[2] / "fixtures/experience/topics.json").read_text(encoding="utf-8")
)
#: As in the design's trial; the chat's own penalty for repetition costs a digit here and there.
GREEDY = Sampling(max_tokens=32, temperature=0)
N_ASKED = 16


@pytest.fixture
def scripted_embedder():
    """Not here: the engine embeds."""


@pytest.fixture
def taught(engine, alice, monkeypatch):
    """Alice's notes on all topics, embedded by the engine."""
    monkeypatch.setattr(embedding, "served_client", served_client)
    rows = [
        ExperienceFactory(owner=alice, trigger=topic["trigger"], content=topic["content"])
        for topic in TOPICS["taught"]
    ]
    embedding.experiences_embed(rows)
    return rows


def recalled(user, question):
    return notes_of(user, question, served_client().embed([question])[0])


def answers(requests):
    asked = [ChatRequest(base_model_name(), tuple(messages), GREEDY) for messages in requests]
    return [result.text.casefold() for result in served_client().chat_many(asked)]


def test_related_questions_find_their_note_and_others_find_none(alice, taught):
    found = [
        topic["content"] in [note.content for note in recalled(alice, question)]
        for topic in TOPICS["taught"]
        for question in topic["questions"]
    ]
    assert sum(found) / len(found) >= 0.95
    untaught = [bool(recalled(alice, question)) for question in TOPICS["untaught"]]
    unrelated = [bool(recalled(alice, question)) for question in TOPICS["unrelated"]]
    assert sum(untaught) <= 2, "two ask in a taught question's own words for something else"
    assert sum(unrelated) <= 1, "one is about a Friday's lunch, as a note is"


def test_the_model_answers_from_the_note(alice, taught):
    topics = TOPICS["taught"][:N_ASKED]
    plain = [[ChatMessage("user", topic["questions"][0])] for topic in topics]
    noted = [with_notes(asked, recalled(alice, asked[-1].content)) for asked in plain]
    base, helped = answers(plain), answers(noted)
    n_base = sum(topic["answer"] in text for topic, text in zip(topics, base, strict=True))
    n_helped = sum(topic["answer"] in text for topic, text in zip(topics, helped, strict=True))
    assert n_base <= 1
    assert n_helped >= 14, helped


def test_both_ends_agree_on_what_near_means(alice, taught):
    question = TOPICS["taught"][0]["questions"][0]
    vector = served_client().embed([question])[0]
    nearest: Candidate = candidates_for(alice, vector)[0]
    assert nearest.id == taught[0].pk
