"""A note that waits to be distilled anew says "…": nobody lets that serve."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from chat.experience.models import ErasureReceipt, Experience, Status
from chat.experience.services.notes import note_dispute
from curation.experience.drafting import ExtractiveDrafter
from curation.experience.editing import curated_edit, last_change_undo
from curation.experience.erasing import person_forget
from curation.experience.promotion import candidate_decide, note_recall
from curation.experience.redistilling import notes_redistil
from tests.curation.experience.rows import episode_of, note_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import Conflict

ASKED = "How often is the intake filter replaced?"
SAID = "The intake filter is replaced every 14 weeks."


@pytest.fixture
def waiting(alice: User, bob: User, scripted: ScriptedClient) -> Experience:
    """Everybody's note that rested on alice too."""
    note = note_of(None, ASKED, SAID, evidence=episode_of(bob, ASKED, "No.", SAID))
    episode = episode_of(alice, ASKED, "No.", SAID)
    note.evidence.create(episode=episode, message=episode.message)
    person_forget(user=alice, reason="consent withdrawn")
    note.refresh_from_db()
    assert (note.content, note.status) == ("…", Status.QUARANTINED)
    return note


def test_nobody_decides_on_it_or_changes_it(waiting: Experience, bob: User, curator: User) -> None:
    waiting = note_dispute(note=waiting, by=bob)
    values = {"trigger": ASKED, "content": SAID, "kind": "fact", "matching": "meaning"}
    for attempt in (
        lambda: candidate_decide(note=waiting, by=curator, is_approved=True),
        lambda: candidate_decide(note=waiting, by=curator, is_approved=False),
        lambda: curated_edit(note=waiting, by=curator, values=values),
        lambda: last_change_undo(note=waiting, by=curator),
        lambda: note_recall(note=waiting, by=curator),
    ):
        with pytest.raises(Conflict, match="distilled anew"):
            attempt()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.content) == (Status.QUARANTINED, "…")


def test_its_page_has_no_buttons_for_that(
    waiting: Experience, curator: User, client_for: Callable[[User], Client]
) -> None:
    text = client_for(curator).get(reverse("curation:note", args=[waiting.pk])).text
    for action in ("approve", "reject", "undo"):
        assert reverse("curation:note-act", args=[waiting.pk, action]) not in text
    assert reverse("curation:note-edit", args=[waiting.pk]) not in text
    assert reverse("curation:note-act", args=[waiting.pk, "pin"]) in text


def test_one_that_was_approved_as_it_was_is_distilled_after_all(waiting: Experience) -> None:
    Experience.objects.filter(pk=waiting.pk).update(status=Status.ACTIVE)
    notes_redistil(drafter=ExtractiveDrafter(), is_busy=lambda: False)
    assert not Experience.objects.filter(content="…").exists()
    assert ErasureReceipt.objects.get().finished_at is not None
