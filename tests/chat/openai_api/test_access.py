"""Only a usable key with the right scope lets anybody in, and not too often."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from uno_site.accounts.api_keys import api_key_create, api_key_revoke
from uno_site.accounts.models import ApiUsage, Scope

pytestmark = pytest.mark.django_db


def error_of(answer, status: int) -> dict:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize("key", [None, "", "uno_wrong", "sk-ü"])
def test_without_a_valid_key_nobody_gets_in(call, key) -> None:
    answer = call("models", key=key)
    error = error_of(answer, 401)
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_browsers_session_does_not_count(client_for, alice) -> None:
    browser = client_for(alice)
    assert browser.get("/api/v1/conversations/").status_code == 200
    assert browser.get("/v1/models").status_code == 401
    assert browser.post("/v1/chat/completions", {}).status_code == 401


def test_a_key_works_at_the_public_api_only(client, token) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/models", headers=headers).status_code == 200
    assert client.get("/api/v1/conversations/", headers=headers).status_code == 403


def test_a_revoked_key_is_out_at_once(call, alice, new_key) -> None:
    key, token = new_key(alice)
    assert call("models", key=token).status_code == 200
    api_key_revoke(key=key, by=alice)
    error_of(call("models", key=token), 401)


def test_an_expired_key_is_out(call, alice) -> None:
    soon = timezone.now() + timedelta(days=1)
    key, token = api_key_create(user=alice, name="x", scopes=Scope.values, expires_at=soon)
    assert call("models", key=token).status_code == 200
    key.expires_at = timezone.now()
    key.save()
    error_of(call("models", key=token), 401)


def test_a_deactivated_persons_key_is_out(call, token, alice) -> None:
    alice.is_active = False
    alice.save()
    error_of(call("models", key=token), 401)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("chat/completions", Scope.CHAT),
        ("embeddings", Scope.EMBEDDINGS),
        ("feedback", Scope.FEEDBACK),
    ],
)
def test_each_address_wants_its_scope(call, alice, new_key, path, scope) -> None:
    _, without = new_key(alice, *(set(Scope.values) - {scope}))
    error = error_of(call(path, {}, key=without), 403)
    assert error["code"] == "missing_scope"
    assert scope.value in error["message"]
    _, enough = new_key(alice, scope)
    error_of(call(path, {}, key=enough), 400)


def test_every_key_may_see_the_models(call, alice, new_key) -> None:
    assert call("models", key=new_key(alice, Scope.FEEDBACK)[1]).status_code == 200


def test_too_many_requests_are_refused_and_say_until_when(call, alice, new_key, settings) -> None:
    settings.UNO = replace(settings.UNO, api_requests_per_minute=2)
    _, other = new_key(alice)
    answers = [call("models") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [answer["x-ratelimit-remaining-requests"] for answer in answers]
    assert left == ["1", "0", "0"]
    error = error_of(answers[2], 429)
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert call("models", key=other).status_code == 200


def test_refused_requests_do_not_count_as_use(call, token, settings) -> None:
    settings.UNO = replace(settings.UNO, api_requests_per_minute=1)
    call("models")
    call("models")
    call("models", key="uno_wrong")
    assert ApiUsage.objects.get().n_requests == 1


@pytest.mark.parametrize("path", ["", "nothing", "models/", "chat/completions/"])
def test_other_addresses_answer_in_the_same_shape(call, path) -> None:
    assert error_of(call(path), 404)["type"] == "invalid_request_error"


@pytest.mark.parametrize(("verb", "path"), [("POST", "models"), ("GET", "chat/completions")])
def test_another_method_is_told_which(call, verb, path) -> None:
    answer = call(path, {}, verb=verb)
    error_of(answer, 405)
    assert answer["Allow"] == {"POST": "GET", "GET": "POST"}[verb]
