"""Notes over the API."""

import pytest

from chat.experience.models import Experience, Scope, Status
from chat.experience.selectors import notes_for
from chat.experience.services.notes import note_dispute
from tests.factories import ExperienceFactory, MessageFactory
from tests.scripted import ScriptedClient

pytestmark = pytest.mark.django_db
URL = "/api/v1/notes/"
TEXT = {"trigger": "port of Kestrel", "content": "Kestrel has port 7443."}


@pytest.fixture
def api(alice, client_for):
    return client_for(alice)


def send(api, verb, url, body=None):
    return getattr(api, verb)(url, body or {}, content_type="application/json")


def test_writing_reading_changing_deleting(api, alice):
    made = send(api, "post", URL, TEXT)
    assert made.status_code == 201 and made.json()["is_own"] and made.json()["kind"] == "fact"
    url = f"{URL}{made.json()['id']}/"
    changed = send(api, "patch", url, {"is_pinned": True, "is_on": False}).json()
    assert changed["is_pinned"] and changed["status"] == Status.ARCHIVED
    assert send(api, "patch", url, {"content": "It is 8000."}).json()["content"] == "It is 8000."
    assert api.get(URL).json()["count"] == 1
    assert api.delete(url).status_code == 204 and not Experience.objects.exists()


def test_others_notes_are_not_there_and_shared_ones_are_for_reading(api, bob):
    theirs = ExperienceFactory(owner=bob)
    shared = ExperienceFactory(owner=None, scope=Scope.GLOBAL)
    assert api.get(f"{URL}{theirs.pk}/").status_code == 404
    assert api.get(f"{URL}{shared.pk}/").json()["is_own"] is False
    assert send(api, "patch", f"{URL}{shared.pk}/", {"is_on": False}).status_code == 404
    assert api.delete(f"{URL}{shared.pk}/").status_code == 404


def test_a_dispute(api, alice, bob):
    note = ExperienceFactory(owner=alice)
    answer = send(api, "post", f"{URL}{note.pk}/dispute/")
    assert answer.json()["status"] == Status.QUARANTINED
    assert send(api, "post", f"{URL}{note.pk}/dispute/", {"message": "x"}).status_code == 400


def test_a_shared_note_is_disputed_once_and_not_shown_again(api, alice, bob):
    shared = ExperienceFactory(owner=None, scope=Scope.GLOBAL)
    wide = ExperienceFactory(owner=None, scope=Scope.GLOBAL, matching="always", trigger="")
    for note in (shared, wide):
        answers = [send(api, "post", f"{URL}{note.pk}/dispute/") for _ in range(3)]
        assert [answer.json()["harmful"] for answer in answers] == [1, 1, 1]
        assert note.revisions.count() == 1, "nothing happened the second time"
    assert found(alice, shared) == set()
    assert found(bob, shared) == {shared.pk, wide.pk}
    note_dispute(note=shared, by=bob)
    shared.refresh_from_db()
    assert shared.harmful == 2, "each person counts"
    alice.delete()
    assert shared.disputes.get().user == bob, "what a person said goes with them"


def test_ones_own_note_serves_again_once_it_is_switched_on(api, alice):
    note = ExperienceFactory(owner=alice)
    send(api, "post", f"{URL}{note.pk}/dispute/")
    assert found(alice, note) == set()
    send(api, "patch", f"{URL}{note.pk}/", {"is_on": True})
    assert found(alice, note) == {note.pk}


def test_so_it_does_after_a_dispute_of_a_reply(api, alice):
    note = ExperienceFactory(owner=alice)
    message = MessageFactory(conversation__user=alice)
    note.uses.create(message=message, rank=1, similarity=0.9, score=0.9, n_tokens=5)
    send(api, "post", f"{URL}{note.pk}/dispute/", {"message": str(message.pk)})
    assert found(alice, note) == set()
    send(api, "patch", f"{URL}{note.pk}/", {"is_on": True})
    assert found(alice, note) == {note.pk}


def found(user, note):
    vector = ScriptedClient().embed([note.trigger])[0]
    return {item.candidate.id for item in notes_for(user, note.trigger, vector)}


def test_the_switches(api):
    assert api.get(f"{URL}switches/").json() == {
        "is_on": True,
        "is_api_on": False,
        "is_learning_on": True,
    }
    assert send(api, "patch", f"{URL}switches/", {"is_on": False}).json()["is_on"] is False


def test_strangers_are_refused(client):
    assert client.get(URL).status_code == 403
