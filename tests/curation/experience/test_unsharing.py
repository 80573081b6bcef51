"""Sharing is taken back as if it had not been."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from chat.experience.models import Experience, Scope, Status, Tombstone
from chat.experience.services.notes import note_switch
from curation.experience.editing import last_change_undo
from curation.experience.promotion import candidate_decide, note_promote
from tests.curation.experience.rows import episode_of, note_of
from tests.factories import UserFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import Conflict

ASKED = "How often is the intake filter of the Halden plant replaced?"
SAID = "The intake filter is replaced every 14 weeks."


@pytest.fixture
def notes(scripted: ScriptedClient) -> list[Experience]:
    """The same note of three members of a group."""
    people, group = [UserFactory() for _ in range(3)], Group.objects.create(name="Plant")
    group.user_set.set(people)
    return [note_of(user, ASKED, SAID, evidence=episode_of(user, ASKED, "No.")) for user in people]


def undo(note: Experience, by: User) -> Experience:
    last_change_undo(note=Experience.objects.get(pk=note.pk), by=by)
    return Experience.objects.get(pk=note.pk)


@pytest.mark.parametrize("is_group", [True, False])
def test_everybody_has_their_own_note_again(
    is_group: bool, notes: list[Experience], curator: User
) -> None:
    owner, group = notes[0].owner, Group.objects.get() if is_group else None
    note_promote(note=notes[0], by=curator, group=group)
    note = undo(notes[0], curator)
    assert (note.scope, note.owner) == (Scope.PRIVATE, owner)
    assert (note.reviewer, note.reviewed_at) == (None, None)
    assert note.evidence.get().episode.user == owner
    for other in Experience.objects.filter(pk__in=[one.pk for one in notes[1:]]):
        assert (other.status, other.superseded_by, other.reason) == (Status.ACTIVE, None, "")
        assert other.evidence.count() == 1
    assert Tombstone.objects.count() == (0 if is_group else 1), "other deployments may have it"


def test_what_was_the_groups_before_stays_the_groups(
    notes: list[Experience], curator: User
) -> None:
    note_promote(note=notes[0], by=curator, group=Group.objects.get())
    note_promote(note=Experience.objects.get(pk=notes[0].pk), by=curator)
    note = undo(notes[0], curator)
    assert (note.scope, note.reviewer, note.evidence.count()) == (Scope.GROUP, curator, 3)
    others = Experience.objects.exclude(pk=note.pk)
    assert {other.status for other in others} == {Status.SUPERSEDED}


def test_what_its_owner_did_meanwhile_stands(notes: list[Experience], curator: User) -> None:
    note_promote(note=notes[0], by=curator)
    off, gone = Experience.objects.exclude(pk=notes[0].pk)
    note_switch(note=off, by=off.owner, is_on=False)
    gone.delete()
    note = undo(notes[0], curator)
    assert note.evidence.get().episode.user == note.owner
    off.refresh_from_db()
    assert (off.status, off.superseded_by) == (Status.ARCHIVED, None)


def test_who_approved_it_before_is_its_reviewer_again(
    notes: list[Experience], curator: User, admin: User
) -> None:
    Experience.objects.filter(pk=notes[0].pk).update(status=Status.QUARANTINED)
    note = candidate_decide(note=Experience.objects.get(pk=notes[0].pk), by=admin, is_approved=True)
    note_promote(note=note, by=curator)
    assert undo(note, curator).reviewer == admin


def test_taking_that_back_shares_nothing(notes: list[Experience], curator: User) -> None:
    note_promote(note=notes[0], by=curator)
    undo(notes[0], curator)
    with pytest.raises(Conflict):
        undo(notes[0], curator)
    assert not Experience.objects.exclude(scope=Scope.PRIVATE).exists()
    shared = note_promote(note=Experience.objects.get(pk=notes[0].pk), by=curator)
    assert (shared.scope, shared.evidence.count()) == (Scope.GLOBAL, 3)


def test_nobody_gets_it_back_who_is_gone(notes: list[Experience], curator: User) -> None:
    owner = notes[0].owner
    note_promote(note=notes[0], by=curator)
    owner.delete()
    with pytest.raises(Conflict):
        undo(notes[0], curator)
    assert Experience.objects.get(pk=notes[0].pk).scope == Scope.GLOBAL
