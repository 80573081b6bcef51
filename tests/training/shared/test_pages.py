"""The screen of the shared adapter: curators look, admins act, others find nothing."""

from __future__ import annotations

import pytest

from chat.models import SharedRoute
from training.models import Adapter
from uno_site.jobs.models import Job

pytestmark = pytest.mark.django_db

PAGE = "/training/shared/"


def test_it_shows_what_waits_and_the_versions(served, curator, admin, client_for) -> None:
    page = client_for(curator).get(PAGE).content.decode()
    assert "Version 1" in page
    assert "Learn now" not in page
    assert "Take off" not in page
    page = client_for(admin).get(PAGE).content.decode()
    assert "Learn now" in page
    assert "Take off" in page


def test_switched_off_it_says_so(admin, client_for) -> None:
    page = client_for(admin).get(PAGE).content.decode()
    assert "It is switched off" in page
    assert "Learn now" not in page


def test_admins_take_it_off_and_serve_it_again(served, admin, client_for) -> None:
    browser = client_for(admin)
    browser.post(f"{PAGE}take-off/")
    assert not SharedRoute.objects.exists()
    browser.post(f"{PAGE}{served.pk}/serve/")
    assert SharedRoute.objects.get().adapter_id == served.pk


def test_admins_start_an_update(talk, admin, client_for) -> None:
    answer = client_for(admin).post(f"{PAGE}learn/")
    assert answer["Location"] == f"/jobs/{Job.objects.get(kind='shared.update').pk}/"


def test_others_do_nothing(served, alice, curator, client_for) -> None:
    assert client_for(alice).get(PAGE).status_code == 404
    for user in (alice, curator):
        browser = client_for(user)
        for path in ("learn/", "take-off/", f"{served.pk}/serve/"):
            assert browser.post(f"{PAGE}{path}").status_code in (403, 404)
    assert SharedRoute.objects.exists()
    assert not Job.objects.exists()


def test_the_routes_page_names_it(served, curator, client_for) -> None:
    page = client_for(curator).get("/training/routes/").content.decode()
    assert "version 1 of the shared adapter" in page


def test_it_is_no_adapter_to_promote(served, admin, client_for) -> None:
    Adapter.objects.update(state="accepted")
    page = client_for(admin).get(f"/training/adapters/{served.pk}/").content.decode()
    assert "Promote" not in page
    answer = client_for(admin).post("/api/v1/promotions/promote/", {"adapters": [str(served.pk)]})
    assert answer.status_code == 409


def test_a_personal_one_is_not_served_to_all(served, admin, client_for) -> None:
    Adapter.objects.update(owner_key=admin.pk)
    assert client_for(admin).post(f"{PAGE}{served.pk}/serve/").status_code == 404
