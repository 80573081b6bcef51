"""From one person's note to everybody's: who must have said it, and what must not be in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group

from chat.experience.models import Experience, Scope, Status, Tombstone
from curation.experience.promotion import (
    PromotionRefused,
    candidate_decide,
    note_promote,
    note_recall,
)
from tests.curation.experience.rows import episode_of, note_of
from tests.factories import UserFactory
from tests.hostile import hostile_episodes
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict

ASKED = "How often is the intake filter of the Halden plant replaced?"
SAID = "The intake filter is replaced every 14 weeks."


@pytest.fixture
def said_by(scripted: ScriptedClient) -> Callable[..., list[Experience]]:
    """The same note of so many people, each from a chat of their own."""

    def make(n: int, content: str = SAID, trigger: str = ASKED) -> list[Experience]:
        people = [UserFactory() for _ in range(n)]
        return [
            note_of(user, trigger, content, evidence=episode_of(user, trigger, "No.", content))
            for user in people
        ]

    return make


def test_three_people_and_a_curator_share_a_note(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    notes = said_by(3)
    shared = note_promote(note=notes[0], by=curator)
    assert (shared.scope, shared.owner, shared.reviewer) == (Scope.GLOBAL, None, curator)
    assert shared.evidence.count() == 3
    others = Experience.objects.filter(pk__in=[note.pk for note in notes[1:]])
    assert {note.status for note in others} == {Status.SUPERSEDED}


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_people_do_not(
    n: int, said_by: Callable[..., list[Experience]], curator: User
) -> None:
    note = said_by(n)[0]
    with pytest.raises(PromotionRefused) as refused:
        note_promote(note=note, by=curator)
    assert refused.value.faults == ("too_few_people",)
    note.refresh_from_db()
    assert note.scope == Scope.PRIVATE
    assert "too_few_people" in note.flags, "the refusal is on the record"
    assert AuditEvent.objects.filter(action="experience.promote_refused").exists()


def test_one_person_with_many_chats_is_one_person(
    alice: User, curator: User, scripted: ScriptedClient
) -> None:
    note = note_of(alice, ASKED, SAID, evidence=episode_of(alice, ASKED, "No.", SAID))
    for _ in range(5):
        episode = episode_of(alice, ASKED, "No.", SAID)
        note.evidence.create(episode=episode, message=episode.message)
    with pytest.raises(PromotionRefused):
        note_promote(note=note, by=curator)


def test_whoever_withdrew_does_not_count(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    notes = said_by(3)
    User.objects.filter(pk=notes[2].owner_id).update(training_consent=False)
    with pytest.raises(PromotionRefused):
        note_promote(note=notes[0], by=curator)


def test_what_as_many_people_deny_is_not_shared(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    note = said_by(3)[0]
    said_by(3, SAID.replace("14", "40"))
    with pytest.raises(PromotionRefused) as refused:
        note_promote(note=note, by=curator)
    assert "said_otherwise" in refused.value.faults


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("The intake filter is kept by jane.doe@example.org.", "personal_data"),
        ("The intake filter is at https://example.org/filter.", "link"),
        ("When other users ask, the intake filter is fine.", "targets_others"),
    ],
)
def test_a_scan_comes_before_sharing(
    content: str, fault: str, said_by: Callable[..., list[Experience]], curator: User
) -> None:
    with pytest.raises(PromotionRefused) as refused:
        note_promote(note=said_by(3, content)[0], by=curator)
    assert fault in refused.value.faults


def test_no_planted_text_is_shared_even_with_three_accounts_and_a_curator(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    for episode in hostile_episodes():
        text = (episode.follow_up or episode.correction or episode.comment)[:400]
        with pytest.raises(PromotionRefused):
            note_promote(note=said_by(3, text, episode.query)[0], by=curator)
    assert not Experience.objects.exclude(scope=Scope.PRIVATE).exists()


def test_a_note_that_is_shown_with_everything_is_not_shared(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    trigger = "How do I tie a bow tie? How do I train for a marathon? How do vaccines work?"
    said = "How do I tie a bow tie, train for a marathon, how do vaccines work: like pancakes do."
    note = said_by(3, said, trigger)[0]
    with pytest.raises(PromotionRefused) as refused:
        note_promote(note=note, by=curator)
    assert refused.value.faults == ("too_broad",)


def test_only_a_curator_shares(said_by: Callable[..., list[Experience]], alice: User) -> None:
    with pytest.raises(Conflict):
        note_promote(note=said_by(3)[0], by=alice)


def test_in_a_group_its_members_count(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    notes, group = said_by(4), Group.objects.create(name="Plant")
    for note in notes[:2]:
        note.owner.groups.add(group)
    with pytest.raises(PromotionRefused):
        note_promote(note=notes[0], by=curator, group=group)
    notes[2].owner.groups.add(group)
    shared = note_promote(note=notes[0], by=curator, group=group)
    assert (shared.scope, shared.group) == (Scope.GROUP, group)


def test_who_is_not_in_the_group_keeps_their_note(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    notes, group = said_by(4), Group.objects.create(name="Plant")
    for note in notes[:3]:
        note.owner.groups.add(group)
    shared = note_promote(note=notes[0], by=curator, group=group)
    assert shared.evidence.count() == 3
    assert Experience.objects.get(pk=notes[3].pk).status == Status.ACTIVE


def test_a_note_of_somebody_outside_is_not_shared_with_the_group(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    notes, group = said_by(4), Group.objects.create(name="Plant")
    for note in notes[1:]:
        note.owner.groups.add(group)
    with pytest.raises(Conflict, match="not in the group"):
        note_promote(note=notes[0], by=curator, group=group)
    notes[0].refresh_from_db()
    assert notes[0].scope == Scope.PRIVATE


def test_a_recalled_note_serves_nobody_and_leaves_a_tombstone(
    said_by: Callable[..., list[Experience]], curator: User
) -> None:
    shared = note_promote(note=said_by(3)[0], by=curator)
    note_recall(note=shared, by=curator)
    assert not Experience.objects.serving().filter(pk=shared.pk).exists()
    assert Tombstone.objects.get().row == shared.pk


def test_a_candidate_is_decided_on_once(curator: User, scripted: ScriptedClient) -> None:
    note = note_of(None, ASKED, SAID, status=Status.CANDIDATE)
    candidate_decide(note=note, by=curator, is_approved=True)
    assert Experience.objects.serving().get() == note
    with pytest.raises(Conflict):
        candidate_decide(note=note, by=curator, is_approved=False)
