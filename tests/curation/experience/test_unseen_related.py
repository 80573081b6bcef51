"""T1: what was taught in one wording is known in another, and nothing else is disturbed."""

from __future__ import annotations

import pytest

from tests.curation.experience.conftest import RealEmbedder
from tests.curation.experience.deployment import (
    COMMITTED,
    Deployment,
    other_questions,
    topics,
)
from uno_site.accounts.models import User
from uno_site.runtime.services import runtime_settings_change

pytestmark = [pytest.mark.model, COMMITTED]


@pytest.fixture
def taught(alice: User, admin: User, answering: RealEmbedder) -> Deployment:
    """A deployment whose person corrected 24 answers, once each."""
    runtime_settings_change(values={"experience_notes_per_day": 100}, by=admin)
    deployment = Deployment(alice, answering)
    for topic in topics():
        assert not deployment.chat(topic, topic.questions[0])
    deployment.learn()
    return deployment


def test_unseen_wordings_of_taught_topics_are_answered(taught: Deployment) -> None:
    asked = topics()
    assert len(asked) == 24
    recall = sum(taught.recalls(topic, topic.questions[1]) for topic in asked) / len(asked)
    assert recall >= 0.95
    assert taught.accuracy(asked) >= 0.95 - taught.client.misread


def test_topics_that_were_not_taught_get_no_notes(taught: Deployment) -> None:
    untaught = other_questions("untaught")
    assert sum(taught.n_notes(question) > 0 for question in untaught) <= 0.05 * len(untaught)


def test_unrelated_questions_get_none_at_all(taught: Deployment) -> None:
    assert [text for text in other_questions("unrelated") if taught.n_notes(text)] == []


def test_without_the_store_nothing_is_known(alice: User, answering: RealEmbedder) -> None:
    untaught = Deployment(alice, answering)
    assert untaught.accuracy(topics()) <= 1 / 24
