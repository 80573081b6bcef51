"""The page of one's own adapter: what it shows, and that it is nobody else's."""

from __future__ import annotations

import pytest

from chat.models import PersonalRoute
from tests.training.personal.conftest import say
from training.models import Adapter, Interaction

pytestmark = pytest.mark.django_db

PAGE = "/training/personal/"


def test_it_shows_queue_and_versions(owner, version, client_for) -> None:
    version(owner, [say(owner)])
    say(owner)
    page = client_for(owner).get(PAGE).content.decode()
    assert "Version 1" in page
    assert "Answers you" in page
    assert "Delete my adapter" in page


def test_without_consent_it_leads_to_the_question(bob, client_for) -> None:
    bob.training_consent = False
    bob.save()
    page = client_for(bob).get(PAGE).content.decode()
    assert "Allow learning from your chats first" in page
    assert "None yet." in page


def test_going_back_to_a_version(owner, version, client_for) -> None:
    first = version(owner, [say(owner)])
    second = version(owner, [say(owner)])
    browser = client_for(owner)
    assert PersonalRoute.objects.get().adapter_id == second.pk
    browser.post(f"{PAGE}{first.pk}/use/")
    assert PersonalRoute.objects.get().adapter_id == first.pk
    states = dict(Adapter.objects.values_list("version", "state"))
    assert states == {1: "served", 2: "retired"}


def test_deleting(owner, version, client_for) -> None:
    version(owner, [say(owner)])
    assert client_for(owner).post(f"{PAGE}delete/")["Location"] == PAGE
    assert not Adapter.objects.exists()
    assert not Interaction.objects.exists()


def test_strangers_see_and_change_nothing(owner, bob, curator, version, client_for) -> None:
    adapter = version(owner, [say(owner)])
    for user in (bob, curator):
        browser = client_for(user)
        assert "Version 1" not in browser.get(PAGE).content.decode()
        assert browser.post(f"{PAGE}{adapter.pk}/use/").status_code == 404
        browser.post(f"{PAGE}delete/")
    assert Adapter.objects.exists()
    assert PersonalRoute.objects.get().user == owner


def test_curators_do_not_see_it_on_the_training_screens(
    owner, curator, admin, version, client_for
) -> None:
    adapter = version(owner, [say(owner)])
    paths = [
        f"/training/adapters/{adapter.pk}/",
        f"/training/runs/{adapter.run_id}/",
        f"/api/v1/adapters/{adapter.pk}/",
        f"/api/v1/runs/{adapter.run_id}/",
    ]
    assert [client_for(curator).get(path).status_code for path in paths] == [404] * 4
    assert [client_for(admin).get(path).status_code for path in paths] == [200] * 4
    assert adapter.name not in client_for(curator).get("/training/adapters/").content.decode()
    assert adapter.name in client_for(admin).get("/training/adapters/").content.decode()


def test_nobody_downloads_or_promotes_it(owner, admin, version, client_for) -> None:
    adapter = version(owner, [say(owner)])
    browser = client_for(admin)
    assert browser.get(f"/training/adapters/{adapter.pk}/download/peft/").status_code == 404
    answer = browser.post("/api/v1/promotions/promote/", {"adapters": [str(adapter.pk)]})
    assert answer.status_code == 409
