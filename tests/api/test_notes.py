"""Notes over the API."""

import pytest

from chat.experience.models import Experience, Scope, Status
from tests.factories import ExperienceFactory

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


def test_the_switches(api):
    assert api.get(f"{URL}switches/").json() == {
        "is_on": True,
        "is_api_on": False,
        "is_learning_on": True,
    }
    assert send(api, "patch", f"{URL}switches/", {"is_on": False}).json()["is_on"] is False


def test_strangers_are_refused(client):
    assert client.get(URL).status_code == 403
