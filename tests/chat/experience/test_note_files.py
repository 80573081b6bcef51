"""Notes as a file: what leaves comes back, and leaves with the account."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from chat.experience.models import Experience, Status, Use
from chat.experience.services.exchanging import notes_export, notes_import
from tests.factories import ExperienceFactory
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db


def file(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("notes.json", text.encode())


def test_everything_of_ones_own_leaves_and_comes_back(alice, bob):
    ExperienceFactory(owner=alice, trigger="one", is_pinned=True, helpful=3)
    ExperienceFactory(owner=alice, trigger="two", status=Status.ARCHIVED)
    ExperienceFactory(owner=bob, trigger="of bob")
    text = notes_export(alice)
    assert [note["trigger"] for note in json.loads(text)["notes"]] == ["one", "two"]
    Experience.objects.owned_by(alice).delete()
    report = notes_import(user=alice, file=file(text))
    assert (report.n_added, report.refused) == (2, [])
    one, two = Experience.objects.owned_by(alice).order_by("trigger")
    assert one.is_pinned and one.status == Status.ACTIVE and one.helpful == 0
    assert two.status == Status.ARCHIVED


def test_what_is_there_already_is_not_taken_twice(alice):
    ExperienceFactory(owner=alice, trigger="one", content="a", content_hash="")
    text = json.dumps({"notes": [{"trigger": "two", "content": "b"}] * 2})
    report = notes_import(user=alice, file=file(text))
    assert (report.n_added, report.n_known) == (1, 1)


def test_bad_rows_are_refused_with_a_reason_and_others_come_in(alice):
    rows = [
        {"trigger": "x" * 301, "content": "b"},
        {"content": "b"},
        {"trigger": "ok", "content": "b"},
    ]
    report = notes_import(user=alice, file=file(json.dumps({"notes": rows})))
    assert report.n_added == 1 and len(report.refused) == 2
    assert report.refused[0].startswith("Note 1: trigger")


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"format": "uno.conversations", "notes": []}'])
def test_another_file_is_refused(alice, text):
    with pytest.raises(InvalidInput):
        notes_import(user=alice, file=file(text))


def test_over_the_page(alice, client_for):
    browser = client_for(alice)
    ExperienceFactory(owner=alice, trigger="one")
    answer = browser.get(reverse("experience:export"))
    assert answer.json()["notes"][0]["trigger"] == "one"
    sent = file(json.dumps({"notes": [{"trigger": "two", "content": "b"}]}))
    assert "1 note came in" in browser.post(reverse("experience:import"), {"file": sent}).text
    assert browser.post(reverse("experience:import"), {"file": file("x")}).status_code == 400


def test_an_account_takes_its_notes_along(alice, reply):
    note = ExperienceFactory(owner=alice)
    Use.objects.create(message=reply, experience=note, rank=1, similarity=0.5)
    alice.delete()
    assert not Experience.objects.exists() and not Use.objects.exists()
