"""A person's conversations from elsewhere: theirs alone, once, with their branches and votes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.models import Conversation, Feedback, Message, MessageOrigin
from chat.services.history_import import history_import, history_preview
from curation.services.freezing import logs_freeze
from uno_site.accounts.models import User
from uno_site.interchange import LogFileUnreadable, read_dialogues

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[1] / "fixtures" / "interchange"
SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _uploads_here(settings: object, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.parametrize(
    "file", ["openai_sft.jsonl", "sharegpt.json", "wildchat.jsonl", "openwebui.json"]
)
def test_a_file_becomes_conversations_once(alice: User, file: str) -> None:
    dialogues = list(read_dialogues(SAMPLES / file))
    report = history_import(user=alice, path=SAMPLES / file)
    assert (report.n_new, report.n_known, report.n_bad) == (len(dialogues), 0, 0)
    assert alice.conversations.count() == len(dialogues)
    n_turns = sum(1 + (t.original is not None) for d in dialogues for t in d.turns)
    assert Message.objects.count() == n_turns
    again = history_import(user=alice, path=SAMPLES / file)
    assert (again.n_new, again.n_known) == (0, len(dialogues))
    assert Message.objects.count() == n_turns


def test_another_person_has_their_own(alice: User, bob: User) -> None:
    for person in (alice, bob):
        assert history_import(user=person, path=SAMPLES / "sharegpt.json").n_new == 8
    assert bob.conversations.count() == 8


def test_a_preview_keeps_nothing(alice: User) -> None:
    report = history_preview(user=alice, path=SAMPLES / "sharegpt.json")
    assert (report.n_new, len(report.first)) == (8, 8)
    assert not Conversation.objects.exists()


def test_edits_votes_and_the_shown_branch_come_along(alice: User) -> None:
    history_import(user=alice, path=SAMPLES / "openwebui.json")
    dialogues = {d.title: d for d in read_dialogues(SAMPLES / "openwebui.json")}
    for conversation in alice.conversations.all():
        dialogue = dialogues[conversation.title]
        leaf = next(turn for turn in dialogue.turns if turn.id == dialogue.leaf)
        assert conversation.leaf.content == leaf.content
        assert conversation.created_at == dialogue.created_at
    correction = Message.objects.get(origin=MessageOrigin.CORRECTION)
    assert correction.correction_of.content != correction.content
    assert correction.correction_of.parent == correction.parent
    bad = Feedback.objects.get(thumb=-1)
    assert (bad.reasons, bad.comment) == (["too_long"], "Half of this would do.")


def test_what_was_imported_does_not_train(alice: User) -> None:
    history_import(user=alice, path=SAMPLES / "openwebui.json")
    assert logs_freeze().n_added == 0


def test_rows_over_the_limit_are_left_out_and_told(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert history_preview(user=alice, path=SAMPLES / "sharegpt.json").is_whole
    monkeypatch.setattr("chat.services.history_import.MAX_CONVERSATIONS", 3)
    report = history_import(user=alice, path=SAMPLES / "sharegpt.json")
    assert (report.n_new, report.is_whole) == (3, False)


def test_a_file_of_preferences_is_refused(alice: User) -> None:
    with pytest.raises(LogFileUnreadable, match="holds no conversations"):
        history_import(user=alice, path=SAMPLES / "trl_text.jsonl")


def test_the_page_calls_a_refused_file_by_its_own_name(alice: User, client_for: SignIn) -> None:
    file = SimpleUploadedFile("mine.jsonl", (SAMPLES / "trl_text.jsonl").read_bytes())
    answer = client_for(alice).post(reverse("chat:import"), {"file": file}, follow=True)
    page = answer.content.decode()
    assert "mine.jsonl is of the format" in page
    assert ".upload" not in page


def test_the_pages_lead_from_the_upload_to_the_report(alice: User, client_for: SignIn) -> None:
    client = client_for(alice)
    content = (SAMPLES / "sharegpt.json").read_bytes()
    file = SimpleUploadedFile("mine.json", content)
    check = client.post(reverse("chat:import"), {"file": file}).url
    assert "mine.json, read as ShareGPT" in client.get(check).content.decode()
    assert not Conversation.objects.exists()
    assert "8 conversations imported" in client.post(check).content.decode()
    assert alice.conversations.count() == 8
    assert client.get(check).status_code == 404


def test_a_discarded_file_is_gone(alice: User, client_for: SignIn, tmp_path: Path) -> None:
    client = client_for(alice)
    file = SimpleUploadedFile("mine.json", (SAMPLES / "sharegpt.json").read_bytes())
    check = client.post(reverse("chat:import"), {"file": file}).url
    client.post(check, {"discard": "1"})
    assert client.get(check).status_code == 404
    assert list((tmp_path / "uploads").iterdir()) == []


def test_strangers_do_not_see_an_upload(alice: User, bob: User, client_for: SignIn) -> None:
    file = SimpleUploadedFile("mine.json", (SAMPLES / "sharegpt.json").read_bytes())
    check = client_for(alice).post(reverse("chat:import"), {"file": file}).url
    assert client_for(bob).get(check).status_code == 404
    assert client_for(bob).post(check).status_code == 404
