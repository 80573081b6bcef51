"""The pages of the API keys: made and shown once, listed, revoked; admins see everybody's."""

import re

import pytest

from uno_site.accounts.api_keys import api_key_create, api_key_find, usage_add
from uno_site.accounts.models import ApiKey, Scope

pytestmark = pytest.mark.django_db
NEW = {"name": "My script", "days": "90", "scopes": ["chat", "feedback"]}


@pytest.fixture
def browser(alice, client_for):
    return client_for(alice)


@pytest.fixture
def key(alice) -> ApiKey:
    return api_key_create(user=alice, name="My script", scopes=Scope.values)[0]


def test_a_new_key_is_shown_once_and_works(browser, alice) -> None:
    answer = browser.post("/accounts/keys/", NEW)
    (token,) = re.findall(r">(uno_[\w-]{40,})<", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    key = api_key_find(token)
    assert (key.user, key.scopes) == (alice, ["chat", "feedback"])
    assert 89 <= (key.expires_at - key.created_at).days <= 90
    page = browser.get("/accounts/keys/").content.decode()
    assert token not in page
    assert f"{key.prefix}…" in page


def test_a_key_without_limit(browser) -> None:
    browser.post("/accounts/keys/", NEW | {"days": "0"})
    assert ApiKey.objects.get().expires_at is None


@pytest.mark.parametrize("change", [{"name": ""}, {"scopes": []}, {"days": "7"}, {"scopes": ["x"]}])
def test_a_form_with_a_mistake_makes_nothing_and_says_so(browser, change) -> None:
    answer = browser.post("/accounts/keys/", NEW | change)
    assert 'class="field-error"' in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_keys_page_shows_its_use(browser, key) -> None:
    usage_add(key, n_requests=1_234, prompt_tokens=56_789, completion_tokens=7)
    page = browser.get(f"/accounts/keys/{key.pk}/").content.decode()
    for figure in ("1,234", "56,789"):
        assert figure in page


def test_a_key_is_revoked(browser, key) -> None:
    browser.post(f"/accounts/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at is not None
    page = browser.get(f"/accounts/keys/{key.pk}/").content.decode()
    assert "Revoked" in page
    assert f"/accounts/keys/{key.pk}/revoke/" not in page


def test_others_keys_are_not_there(key, bob, client_for) -> None:
    stranger = client_for(bob)
    assert stranger.get(f"/accounts/keys/{key.pk}/").status_code == 404
    assert stranger.post(f"/accounts/keys/{key.pk}/revoke/").status_code == 404
    assert key.name not in stranger.get("/accounts/keys/").content.decode()
    assert stranger.get("/accounts/users/keys/").status_code == 404


def test_admins_see_and_revoke_everybodys(key, admin, client_for) -> None:
    browser = client_for(admin)
    page = browser.get("/accounts/users/keys/?q=ali").content.decode()
    assert key.name in page
    assert key.name not in browser.get("/accounts/users/keys/?q=bob").content.decode()
    browser.post(f"/accounts/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_without_consent_the_page_says_what_that_means(browser, alice) -> None:
    assert (
        "that holds for these conversations too" in browser.get("/accounts/keys/").content.decode()
    )
    alice.training_consent = False
    alice.save()
    assert "are not kept" in browser.get("/accounts/keys/").content.decode()


def test_the_profile_leads_there(browser) -> None:
    assert "/accounts/keys/" in browser.get("/accounts/profile/").content.decode()
