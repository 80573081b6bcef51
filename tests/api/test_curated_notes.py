"""The experience store over the API, as curators use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chat.experience.models import Experience, RefineRun, RefineState, Scope, Source, Status
from curation.experience import refining
from tests.factories import ExperienceFactory
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.jobs.models import Job

pytestmark = pytest.mark.django_db
URL = "/api/v1/curated-notes/"
RUNS = "/api/v1/refinements/"


@pytest.fixture
def api(curator: User, client_for: Callable[[User], Client]) -> Client:
    return client_for(curator)


@pytest.fixture
def scripted_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refining, "served_client", ScriptedClient)


def send(api: Client, verb: str, url: str, body: Any = None) -> Any:
    return getattr(api, verb)(url, body or {}, content_type="application/json")


def shared(**values: Any) -> Experience:
    return ExperienceFactory(**{"owner": None, "scope": Scope.GLOBAL, **values})


def test_what_somebody_wrote_for_themselves_is_not_there(api: Client, alice: User) -> None:
    own, note = ExperienceFactory(owner=alice, source=Source.WRITTEN), shared()
    assert [row["id"] for row in api.get(URL).json()["results"]] == [str(note.pk)]
    assert api.get(f"{URL}{own.pk}/").status_code == 404
    assert send(api, "patch", f"{URL}{own.pk}/", {"is_pinned": True}).status_code == 404


def test_filters_are_the_screens(api: Client) -> None:
    waiting = shared(status=Status.CANDIDATE)
    shared(content="The port is 7443.")
    found = api.get(f"{URL}?status=candidate").json()["results"]
    assert [row["id"] for row in found] == [str(waiting.pk)]
    assert api.get(f"{URL}?q=7443").json()["count"] == 1
    refused = api.get(f"{URL}?status=none-such")
    assert refused.status_code == 400 and "status" in refused.content.decode()


def test_a_note_that_waits_is_decided_on_once(api: Client) -> None:
    note = shared(status=Status.CANDIDATE)
    assert send(api, "post", f"{URL}{note.pk}/approve/").json()["status"] == Status.ACTIVE
    assert send(api, "post", f"{URL}{note.pk}/reject/").status_code == 409
    other = shared(status=Status.CANDIDATE)
    assert send(api, "post", f"{URL}{other.pk}/reject/").json()["status"] == Status.REJECTED


def test_a_note_is_changed_recalled_and_brought_back(api: Client) -> None:
    note = shared()
    url = f"{URL}{note.pk}/"
    changed = send(api, "patch", url, {"content": "Kestrel has port 8000.", "is_pinned": True})
    assert changed.json()["content"] == "Kestrel has port 8000." and changed.json()["is_pinned"]
    assert send(api, "patch", url, {"kind": "nonsense"}).status_code == 400
    assert send(api, "post", f"{url}recall/").json()["status"] == Status.ARCHIVED
    assert send(api, "post", f"{url}undo/").json()["status"] == Status.ACTIVE


def test_a_note_that_may_not_be_shared_says_why(api: Client) -> None:
    note = shared()
    again = send(api, "post", f"{URL}{note.pk}/share/")
    assert again.status_code == 409 and "shared" in again.content.decode()
    assert send(api, "post", f"{URL}{note.pk}/share/", {"group": 404}).status_code == 400


@pytest.mark.usefixtures("scripted_store")
def test_a_refinement_is_read_applied_and_taken_back(api: Client) -> None:
    for _ in range(2):
        shared(trigger="port of Kestrel", content="Kestrel has port 7443.")
    run = refining.refine_run_create()
    assert "changes" not in api.get(RUNS).json()["results"][0]
    (change,) = api.get(f"{RUNS}{run.pk}/").json()["changes"]
    assert change["action"] == "merge" and change["note"] and change["other"]
    assert send(api, "post", f"{RUNS}{run.pk}/apply/").json()["state"] == RefineState.APPLIED
    assert Experience.objects.filter(status=Status.SUPERSEDED).count() == 1
    assert send(api, "post", f"{RUNS}{run.pk}/decline/").status_code == 409
    assert send(api, "post", f"{RUNS}{run.pk}/revert/").json()["state"] == RefineState.REVERTED
    assert not Experience.objects.filter(status=Status.SUPERSEDED).exists()


def test_a_refinement_can_be_asked_for(api: Client) -> None:
    asked = send(api, "post", RUNS)
    assert asked.status_code == 202
    assert Job.objects.get(pk=asked.json()["id"]).kind == "experience.refine"
    assert not RefineRun.objects.exists()


def test_users_find_neither(client_for: Callable[[User], Client], alice: User) -> None:
    note, api = shared(status=Status.CANDIDATE), client_for(alice)
    assert send(api, "post", f"{URL}{note.pk}/approve/").status_code == 404
    assert send(api, "post", RUNS).status_code == 404
    note.refresh_from_db()
    assert note.status == Status.CANDIDATE
