"""The experience store in an evaluation: what it keeps and shares, and whose notes are asked."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync

from chat.experience.models import Experience, Scope
from tests.curation.experience.rows import episode_of
from tests.factories import UserFactory
from tests.scripted import ScriptedClient
from training.evaluation.sets.protocol import Dialogue, Item
from training.services.evaluation.noting import askers_by_topic, learn_notes, recalls
from uno_site.inference.protocol import ChatMessage

ASKED = "How often is the intake filter of the plant replaced?"
WRONG = "The intake filter is replaced every 40 weeks."
RIGHT = "The intake filter is replaced every 14 weeks."


pytestmark = pytest.mark.usefixtures("scripted")


def dialogue(user: str, topic: str) -> Dialogue:
    return Dialogue(f"{user}-{topic}", user, (ChatMessage("user", ASKED),), WRONG, truth=topic)


def test_what_three_people_say_is_shared(db: None) -> None:
    for name in ("ana", "ben", "cem"):
        person = UserFactory(username=name, training_consent=True)
        episode_of(person, ASKED, WRONG, correction=RIGHT)
    told = learn_notes(lambda line: None)
    shared = Experience.objects.serving().filter(scope=Scope.GLOBAL)
    assert RIGHT in shared.values_list("content", flat=True)
    n = shared.count()
    assert told == {"n_notes": n, "n_shared": n, "refined": {}, "refused": {}}
    assert learn_notes(lambda line: None) == told


def test_what_one_person_says_stays_theirs_and_says_why(db: None) -> None:
    ana = UserFactory(username="ana", training_consent=True)
    episode_of(ana, ASKED, WRONG, correction=RIGHT)
    told = learn_notes(lambda line: None)
    assert told["n_shared"] == 0
    assert told["refused"] == {"too_few_people": told["n_notes"]}


def test_a_wish_said_of_three_questions_is_refined_into_one_note(db: None) -> None:
    ana = UserFactory(username="ana", training_consent=True)
    for thing in ("camping", "rice", "jet lag"):
        episode_of(ana, f"Any tips for {thing}?", "One. Two.", "Use a numbered list.")
    assert learn_notes(lambda line: None)["refined"]["widen"] == 1
    assert Experience.objects.serving().get().trigger == "tips"


def test_a_topic_is_asked_by_whoever_asked_it_most() -> None:
    had = [dialogue("ana", "a"), dialogue("ben", "a"), dialogue("ben", "a"), dialogue("ana", "b")]
    assert askers_by_topic(had) == {"a": "ben", "b": "ana"}


@pytest.mark.django_db(transaction=True)
def test_the_asker_gets_their_own_notes_and_nobody_elses(scripted: ScriptedClient) -> None:
    ana, _ = (UserFactory(username=name, training_consent=True) for name in ("ana", "ben"))
    episode_of(ana, ASKED, WRONG, correction=RIGHT)
    learn_notes(lambda line: None)
    recall_of = recalls({"filters": "ana", "recipes": "ben"})
    embedding = scripted.embed([ASKED])[0]
    found = {}
    for topic in ("filters", "recipes"):
        recall = recall_of(Item("1", (ChatMessage("user", ASKED),), topic))
        assert recall is not None
        found[topic] = [note.content for note in async_to_sync(recall)(ASKED, embedding)]
    assert RIGHT in found["filters"]
    assert found["recipes"] == []
    assert recall_of(Item("1", (ChatMessage("user", ASKED),), "unheard")) is None
