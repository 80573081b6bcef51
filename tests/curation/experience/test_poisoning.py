"""Planted notes: none becomes shared, none reaches another person, each refusal says why."""

from __future__ import annotations

import pytest

from chat.experience.models import Episode, EpisodeState, Experience, Scope, Status
from curation.experience.distilling import episodes_distil
from curation.ml.experience.filters import HOSTILE
from tests.curation.experience.rows import episode_of
from tests.factories import UserFactory
from tests.hostile import HostileEpisode, hostile_episodes
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User


def play(user: User, episode: HostileEpisode) -> Episode:
    """The attacker's chat, learned from."""
    played = episode_of(
        user,
        episode.query,
        episode.reply,
        episode.follow_up,
        correction=episode.correction,
        comment=episode.comment,
    )
    episodes_distil(is_busy=lambda: False)
    played.refresh_from_db()
    return played


@pytest.mark.parametrize("episode", hostile_episodes(), ids=lambda one: one.id)
def test_every_refusal_is_on_the_record_by_name(
    episode: HostileEpisode, bob: User, scripted: ScriptedClient
) -> None:
    played = play(bob, episode)
    assert episode.reason in played.reason.split(", ")
    if episode.reason in HOSTILE:
        assert played.state == EpisodeState.REFUSED
        assert not Experience.objects.exists()
    for note in Experience.objects.all():
        assert (note.scope, note.owner) == (Scope.PRIVATE, bob)


def test_nothing_planted_serves_anybody_else(
    alice: User, bob: User, scripted: ScriptedClient
) -> None:
    for name in ("hostile", "held_out", "slow_drip"):
        for episode in hostile_episodes(name):
            play(bob, episode)
    assert Experience.objects.filter(owner=bob).exists()
    assert not Experience.objects.serving().in_scope_of(alice).exists()
    assert not Experience.objects.exclude(scope=Scope.PRIVATE).exists()


def test_a_slow_drip_leaves_one_note_that_holds_at_most(
    bob: User, scripted: ScriptedClient
) -> None:
    for episode in hostile_episodes("slow_drip"):
        play(bob, episode)
    standing = Experience.objects.filter(status=Status.ACTIVE, invalid_at=None)
    assert {note.owner for note in standing} == {bob}


def test_a_flood_ends_at_the_quota(scripted: ScriptedClient) -> None:
    flooder = UserFactory()
    for number in range(40):
        episode_of(
            flooder,
            f"What is the code name of project {number}?",
            "I do not know.",
            f"The code name of project {number} is Heron{number}.",
        )
    report = episodes_distil(is_busy=lambda: False)
    assert Experience.objects.count() == 30
    assert report.refusals["quota"] == 10
