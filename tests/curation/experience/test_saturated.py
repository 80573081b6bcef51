"""T3: a store full of noise and wrong notes: refinement brings it back, and nothing else does."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass

import pytest

from chat.experience.models import Experience, Source
from tests.curation.experience.conftest import RealEmbedder
from tests.curation.experience.deployment import COMMITTED, Deployment, Topic, topics
from tests.curation.experience.rows import note_of
from uno_site.accounts.models import User
from uno_site.runtime.services import runtime_settings_change

pytestmark = [pytest.mark.model, COMMITTED]

CAP, N_WRONG, N_NOISE = 60, 480, 120
N_NIGHTS, N_NIGHTS_ALONE, N_NIGHTS_REFERENCE, ROUNDS = 8, 4, 16, 4
"""By the seventh night credit alone tells the wrong notes apart; the fourth is far from it. The
reference model needs more, with refinement and without: it passes notes over, which says less of
them than a wrong reply."""
ADJECTIVES = [
    "amber",
    "brisk",
    "calm",
    "dusty",
    "eager",
    "faint",
    "grand",
    "hollow",
    "ivory",
    "jolly",
    "keen",
    "lunar",
]
THINGS = [
    "ledger",
    "valve",
    "poster",
    "crate",
    "lantern",
    "turbine",
    "saddle",
    "beacon",
    "anvil",
    "canopy",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Accuracy before the flood and at the end, and what is left."""

    before: float
    after: float
    n_rows: int
    useful_kept: float


def flood(user: User, asked: tuple[Topic, ...]) -> None:
    """20 wrong notes about each topic, nearer to its questions than the right one, and noise."""
    draw = random.Random(0)
    for topic in asked:
        for number in range(N_WRONG // len(asked)):
            question = topic.questions[1]
            wrong = f"Formerly it was variant {draw.choice(ADJECTIVES)}-{number} of that."
            note_of(user, question, f"{_subject(topic)}: {wrong}", age_days=1)
    for number in range(N_NOISE):
        thing = f"{draw.choice(ADJECTIVES)} {draw.choice(THINGS)} {number}"
        note_of(user, f"Where is the {thing} kept?", f"The {thing} is in hall {number % 9}.")


def _subject(topic: Topic) -> str:
    """The name that the topic is about, which is no part of the answer."""
    words = [word.strip(".") for word in topic.content.split()[1:]]
    words = [word for word in words if word.casefold() not in topic.answer]
    return next((word for word in words if word[:1].isupper()), words[0])


def play(alice: User, admin: User, answering: RealEmbedder, *, refine: bool) -> Outcome:
    """24 useful notes, used a few times; then the flood; then nights of asking."""
    runtime_settings_change(
        values={"experience_cap_personal": CAP, "experience_notes_per_day": 1}, by=admin
    )
    deployment, asked = Deployment(alice, answering), topics()
    useful = [
        note_of(alice, topic.questions[0], topic.content, source=Source.DISTILLED)
        for topic in asked
    ]
    for topic in asked:
        for question in topic.questions:
            deployment.chat(topic, question)
    deployment.learn()
    before = deployment.accuracy(asked)
    flood(alice, asked)
    n_nights = N_NIGHTS if refine else N_NIGHTS_ALONE
    for _ in range(N_NIGHTS_REFERENCE if answering.misread else n_nights):
        for topic in asked:
            for number in range(ROUNDS):
                deployment.chat(topic, topic.questions[number % 2])
        deployment.sleep(refine=refine)
    live = {note.pk for note in deployment.live()}
    outcome = Outcome(
        before=before,
        after=deployment.accuracy(asked),
        n_rows=len(live),
        useful_kept=sum(note.pk in live for note in useful) / len(useful),
    )
    sys.stdout.write(f"{outcome}\n")  # for docs/experiments.md, by pytest -s
    return outcome


def test_refinement_keeps_what_is_useful(alice: User, admin: User, answering: RealEmbedder) -> None:
    outcome = play(alice, admin, answering, refine=True)
    assert outcome.n_rows <= CAP, outcome
    assert outcome.useful_kept >= 0.95, outcome
    assert outcome.after >= outcome.before - 0.02, outcome


def test_without_refinement_answers_get_worse(
    alice: User, admin: User, answering: RealEmbedder
) -> None:
    outcome = play(alice, admin, answering, refine=False)
    assert outcome.after <= outcome.before - 0.05, outcome
    assert Experience.objects.count() >= N_WRONG + N_NOISE
