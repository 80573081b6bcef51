"""T2: many people ask the same few things over and over: the store stays as small as they are."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curation.experience.conftest import RealEmbedder
from tests.curation.experience.deployment import COMMITTED, Deployment, topics
from uno_site.accounts.models import User
from uno_site.runtime.services import runtime_settings_change

pytestmark = [pytest.mark.model, COMMITTED]

N_QUERIES, N_NIGHTLY = 1_200, 100


def test_1200_zipf_queries(alice: User, admin: User, answering: RealEmbedder) -> None:
    runtime_settings_change(values={"experience_notes_per_day": 1_000}, by=admin)
    deployment = Deployment(alice, answering)
    asked, rng = topics(), np.random.default_rng(0)
    shares = 1 / np.arange(1, len(asked) + 1)
    stream = rng.choice(len(asked), size=N_QUERIES, p=shares / shares.sum())
    right = []
    for number, index in enumerate(stream, start=1):
        topic = asked[index]
        right.append(deployment.chat(topic, topic.questions[rng.integers(2)]))
        if number % 10 == 0:
            deployment.learn()
        if number % N_NIGHTLY == 0:
            deployment.sleep()
    n_topics = len(set(stream.tolist()))
    assert len(deployment.live()) <= 1.1 * n_topics
    assert np.mean(right[-N_QUERIES // 3 :]) >= 0.95 - answering.misread
    assert np.mean(right[: N_QUERIES // 3]) <= np.mean(right[-N_QUERIES // 3 :])
