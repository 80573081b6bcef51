"""A shared note's earlier wordings are for its owner and curators: others see what was done, and
when."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from chat.experience.models import Experience
from chat.experience.services.embedding import experiences_embed
from chat.experience.services.exchanging import notes_export
from curation.experience.editing import curated_edit
from curation.experience.promotion import note_promote
from curation.experience.sharing import export_lines
from tests.curation.experience.rows import episode_of, note_of
from tests.factories import UserFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

ASKED = "How often is the intake filter replaced?"
SAID = "The intake filter is replaced every 14 weeks."
NAME = "Quirinus"
SignIn = Callable[[User], Client]


@pytest.fixture
def private(alice: User, curator: User, scripted: ScriptedClient) -> Experience:
    """Alice's note, out of whose both texts a curator took a name."""
    evidence = episode_of(alice, ASKED, "No.", SAID)
    note = note_of(alice, f"{ASKED} {NAME}?", f"{SAID} {NAME} says.", evidence=evidence)
    values = {"trigger": ASKED, "content": SAID, "kind": "fact", "matching": "meaning"}
    note = curated_edit(note=note, by=curator, values=values)
    experiences_embed([note])
    return note


@pytest.fixture
def shared(private: Experience, curator: User) -> Experience:
    for user in (UserFactory(), UserFactory()):
        note_of(user, ASKED, SAID, evidence=episode_of(user, ASKED, "No.", SAID))
    return note_promote(note=private, by=curator)


def page(client: Client, note: Experience) -> str:
    return client.get(reverse("experience:note", args=[note.pk])).text


def test_strangers_read_what_was_done_and_when(
    shared: Experience, bob: User, client_for: SignIn
) -> None:
    client = client_for(bob)
    text = page(client, shared)
    assert "Shared" in text and "Edited" in text and SAID in text
    assert NAME not in text and "<del>" not in text
    for url in ("/api/v1/notes/", f"/api/v1/notes/{shared.pk}/"):
        assert SAID in client.get(url).text and NAME not in client.get(url).text
    assert NAME not in notes_export(bob) + "".join(export_lines())


def test_what_a_curator_takes_out_of_a_shared_note_is_gone(
    shared: Experience, curator: User, bob: User, client_for: SignIn
) -> None:
    values = {"trigger": ASKED, "kind": "fact", "matching": "meaning"}
    for content in (f"Pump 4 of {NAME} is loud.", "Pump 4 is loud."):
        curated_edit(note=shared, by=curator, values={**values, "content": content})
    assert NAME not in page(client_for(bob), shared)


def test_owners_and_curators_read_on(
    private: Experience, alice: User, curator: User, client_for: SignIn
) -> None:
    text = page(client_for(alice), private)
    assert NAME in text and "a curator" in text
    Experience.objects.filter(pk=private.pk).update(scope="global", owner=None)
    assert NAME in page(client_for(curator), private)
    assert NAME not in page(client_for(alice), private), "it is no longer hers alone"
