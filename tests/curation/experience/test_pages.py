"""The curators' pages of the store: who sees what, and what pressing does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.experience.models import (
    ErasureReceipt,
    Experience,
    Origin,
    RefineRun,
    RefineState,
    Scope,
    Source,
    Status,
)
from curation.experience.erasing import person_forget
from curation.experience.keys import own_public_key
from curation.experience.refining import refine_run_create
from curation.experience.sharing import export_lines
from tests.curation.experience.rows import episode_of, note_of
from tests.factories import UserFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.inference.errors import EngineUnreachable

ASKED = "How often is the intake filter replaced?"
SAID = "The intake filter is replaced every 14 weeks."
SignIn = Callable[[User], Client]


@pytest.fixture
def learned(alice: User, scripted: ScriptedClient) -> Experience:
    return note_of(alice, ASKED, SAID, evidence=episode_of(alice, ASKED, "No.", SAID))


@pytest.fixture
def shared(scripted: ScriptedClient) -> Experience:
    return note_of(None, "Which pump is loud?", "Pump 3 is loud.")


def test_strangers_see_none_of_it(
    learned: Experience, shared: Experience, alice: User, client_for: SignIn
) -> None:
    run = refine_run_create()
    for name, *args in [
        ("notes",),
        ("note", shared.pk),
        ("note", learned.pk),
        ("refinements",),
        ("refinement", run.pk),
        ("note-sharing",),
        ("note-file",),
        ("receipts",),
    ]:
        assert client_for(alice).get(reverse(f"curation:{name}", args=args)).status_code == 404


def test_curators_see_learned_and_shared_notes_and_nothing_else(
    learned: Experience,
    shared: Experience,
    alice: User,
    bob: User,
    curator: User,
    client_for: SignIn,
) -> None:
    own = note_of(alice, "my bike", "My bike is red.", source=Source.WRITTEN)
    User.objects.filter(pk=bob.pk).update(training_consent=False)
    silent = note_of(bob, "the cat", "The cat is grey.")
    page = client_for(curator).get(reverse("curation:notes")).content.decode()
    assert SAID in page and shared.content in page
    assert own.content not in page and silent.content not in page
    for note in (own, silent):
        url = reverse("curation:note", args=[note.pk])
        assert client_for(curator).get(url).status_code == 404


def test_a_search_finds_by_words_and_state(
    learned: Experience, shared: Experience, curator: User, client_for: SignIn
) -> None:
    url = reverse("curation:notes")
    page = client_for(curator).get(url, {"q": "filter", "status": "active"}).content.decode()
    assert SAID in page and shared.content not in page


def test_a_note_shows_why_it_may_not_be_shared(
    learned: Experience, curator: User, client_for: SignIn
) -> None:
    page = client_for(curator).get(reverse("curation:note", args=[learned.pk])).content.decode()
    assert "Too few people said it." in page
    answer = client_for(curator).post(reverse("curation:note-act", args=[learned.pk, "share"]))
    assert answer.status_code == 409
    learned.refresh_from_db()
    assert learned.scope == Scope.PRIVATE
    assert "too_few_people" in learned.flags


def test_three_people_let_a_curator_share_it(
    learned: Experience, curator: User, client_for: SignIn
) -> None:
    for user in (UserFactory(), UserFactory()):
        note_of(user, ASKED, SAID, evidence=episode_of(user, ASKED, "No.", SAID))
    client_for(curator).post(reverse("curation:note-act", args=[learned.pk, "share"]))
    learned.refresh_from_db()
    assert learned.scope == Scope.GLOBAL


def test_a_group_that_is_gone_shares_it_with_nobody(
    learned: Experience, curator: User, client_for: SignIn
) -> None:
    for user in (UserFactory(), UserFactory()):
        note_of(user, ASKED, SAID, evidence=episode_of(user, ASKED, "No.", SAID))
    url = reverse("curation:note-act", args=[learned.pk, "share"])
    answer = client_for(curator).post(url, {"group": 4711})
    assert answer.status_code == 400 and "Select a valid choice" in answer.content.decode()
    learned.refresh_from_db()
    assert learned.scope == Scope.PRIVATE


def test_editing_pinning_and_taking_back(
    shared: Experience, curator: User, client_for: SignIn
) -> None:
    client = client_for(curator)
    values = {"trigger": shared.trigger, "content": "Pump 4 is loud.", "kind": "fact"}
    client.post(reverse("curation:note-edit", args=[shared.pk]), values)
    client.post(reverse("curation:note-act", args=[shared.pk, "pin"]))
    shared.refresh_from_db()
    assert (shared.content, shared.is_pinned) == ("Pump 4 is loud.", True)
    client.post(reverse("curation:note-act", args=[shared.pk, "undo"]))
    shared.refresh_from_db()
    assert shared.is_pinned is False
    page = client.get(reverse("curation:note", args=[shared.pk])).content.decode()
    assert "Edited" in page


def test_a_shared_note_is_not_edited_into_what_may_not_be_shared(
    shared: Experience, curator: User, client_for: SignIn
) -> None:
    values = {"trigger": "x y", "content": "Ask jane.doe@example.org.", "kind": "fact"}
    url = reverse("curation:note-edit", args=[shared.pk])
    assert "It tells of a person" in client_for(curator).post(url, values).content.decode()
    shared.refresh_from_db()
    assert shared.content == "Pump 3 is loud."


def test_a_refinement_is_read_applied_and_taken_back(
    shared: Experience, curator: User, client_for: SignIn
) -> None:
    Experience.objects.filter(pk=shared.pk).update(harmful=9)
    run, client = refine_run_create(), client_for(curator)
    page = client.get(reverse("curation:refinement", args=[run.pk])).content.decode()
    assert shared.content in page and "Nothing has yet." in page
    for action, state, status in [
        ("apply", RefineState.APPLIED, Status.QUARANTINED),
        ("revert", RefineState.REVERTED, Status.ACTIVE),
    ]:
        client.post(reverse("curation:refinement-decide", args=[run.pk, action]))
        assert RefineRun.objects.get().state == state
        assert Experience.objects.get().status == status
    assert client.get(reverse("curation:refinements")).status_code == 200


def test_files_and_receipts_are_an_admins(
    alice: User, learned: Experience, curator: User, admin: User, client_for: SignIn
) -> None:
    person_forget(user=alice, reason="consent withdrawn", by=admin)
    receipt = ErasureReceipt.objects.get()
    assert client_for(curator).get(reverse("curation:receipts")).status_code == 404
    assert client_for(admin).get(reverse("curation:receipts")).status_code == 200
    file = client_for(admin).get(reverse("curation:receipt", args=[receipt.pk])).json()
    assert file["subject"] == receipt.subject and alice.username not in str(file)


def test_exchange_by_the_page(
    shared: Experience, curator: User, admin: User, client_for: SignIn, settings: Any, tmp_path: Any
) -> None:
    Experience.objects.filter(pk=shared.pk).update(reviewer=curator)
    text, key = "".join(export_lines()), own_public_key()
    client = client_for(admin)
    page = client_for(curator).get(reverse("curation:note-sharing")).content.decode()
    assert key in page
    assert client_for(curator).get(reverse("curation:note-file")).status_code == 200
    upload = {"file": SimpleUploadedFile("n.jsonl", text.encode())}
    refused = client.post(reverse("curation:note-import"), upload)
    assert refused.status_code == 400 and "trusts" in refused.content.decode()
    client.post(reverse("curation:note-origin"), {"name": "North", "public_key": key})
    upload = {"file": SimpleUploadedFile("n.jsonl", text.replace("Pump 3", "Pump 9").encode())}
    assert "Line 2" in client.post(reverse("curation:note-import"), upload).content.decode()
    upload = {"file": SimpleUploadedFile("n.jsonl", text.encode())}
    client.post(reverse("curation:note-import"), upload)
    note = Experience.objects.get(source=Source.IMPORTED)
    client_for(curator).post(reverse("curation:note-act", args=[note.pk, "approve"]))
    note.refresh_from_db()
    assert note.status == Status.ACTIVE
    client.post(reverse("curation:note-origin-switch", args=[Origin.objects.get().pk]))
    assert not Experience.objects.serving().filter(pk=note.pk).exists()


@pytest.mark.parametrize("separator", ["\u2028", "\u0085"])
def test_our_own_file_is_taken_in_whatever_its_notes_have(
    separator: str, shared: Experience, curator: User, admin: User, client_for: SignIn
) -> None:
    said = f"Pump 3 is loud.{separator}Pump 4 is not."
    Experience.objects.filter(pk=shared.pk).update(reviewer=curator, content=said)
    text, client = "".join(export_lines()), client_for(admin)
    assert separator in text
    client.post(reverse("curation:note-origin"), {"name": "North", "public_key": own_public_key()})
    for content in (text, text.replace("\n", "\r\n")):
        upload = {"file": SimpleUploadedFile("n.jsonl", content.encode())}
        assert client.post(reverse("curation:note-import"), upload).status_code == 302
    assert Experience.objects.get(source=Source.IMPORTED).content == said


def test_an_empty_file_is_told_from_a_wrong_one(
    admin: User, scripted: ScriptedClient, client_for: SignIn
) -> None:
    upload = {"file": SimpleUploadedFile("n.jsonl", b"\n")}
    answer = client_for(admin).post(reverse("curation:note-import"), upload)
    assert answer.status_code == 400 and "the file is empty" in answer.content.decode()


def test_a_note_can_be_read_while_the_engine_is_away(
    shared: Experience,
    scripted: ScriptedClient,
    curator: User,
    client_for: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = note_of(UserFactory(), ASKED, SAID)

    def away(texts: object) -> None:
        raise EngineUnreachable("gone")

    monkeypatch.setattr(scripted, "embed", away)
    monkeypatch.setattr("curation.experience.sharing_rules.min_people", lambda: 0)
    for note in (shared, group):
        page = client_for(curator).get(reverse("curation:note", args=[note.pk]))
        assert page.status_code == 200
