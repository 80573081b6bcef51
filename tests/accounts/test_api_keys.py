"""API keys: kept as a digest, found by the key alone, counted by day, revoked for good."""

from datetime import timedelta

import pytest
from django.utils import timezone

from uno_site.accounts.api_keys import (
    MAX_KEYS,
    PREFIX_CHARS,
    ApiKeyInvalid,
    api_key_create,
    api_key_find,
    api_key_revoke,
    usage_add,
)
from uno_site.accounts.models import ApiKey, ApiUsage, Scope
from uno_site.accounts.selectors import keys_with_usage, usage_by_day, usage_total
from uno_site.audit.models import AuditEvent
from uno_site.errors import Conflict, InvalidInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(alice) -> tuple[ApiKey, str]:
    return api_key_create(user=alice, name=" My  script ", scopes=[Scope.FEEDBACK, Scope.CHAT])


def test_the_key_itself_is_not_kept(made) -> None:
    key, token = made
    row = ApiKey.objects.values().get()
    assert token.startswith("uno_")
    assert len(token) > 40
    assert row["prefix"] == token[:PREFIX_CHARS]
    assert token not in str(row)
    assert (key.name, key.scopes) == ("My script", ["chat", "feedback"])


def test_it_is_found_by_itself_alone(made, alice) -> None:
    key, token = made
    assert api_key_find(token).user == alice
    for wrong in ("", token[:-1], key.prefix, key.digest, token.upper()):
        with pytest.raises(ApiKeyInvalid):
            api_key_find(wrong)


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [(" ", ["chat"], 1), ("x", [], 1), ("x", ["chat", "train"], 1), ("x", ["chat"], -1)],
)
def test_a_key_that_makes_no_sense_is_refused(alice, name, scopes, days) -> None:
    expires_at = timezone.now() + timedelta(days=days)
    with pytest.raises(InvalidInput):
        api_key_create(user=alice, name=name, scopes=scopes, expires_at=expires_at)
    assert not ApiKey.objects.exists()


def test_nobody_collects_keys_without_end(alice, made) -> None:
    key, _ = made
    ApiKey.objects.bulk_create(
        ApiKey(user=alice, name="x", prefix="uno_x", digest=str(i)) for i in range(MAX_KEYS - 1)
    )
    with pytest.raises(Conflict, match="already"):
        api_key_create(user=alice, name="one more", scopes=["chat"])
    api_key_revoke(key=key, by=alice)
    api_key_create(user=alice, name="one more", scopes=["chat"])


def test_revoking_is_for_good_and_on_record(made, alice, admin) -> None:
    key, token = made
    api_key_revoke(key=key, by=admin)
    with pytest.raises(ApiKeyInvalid):
        api_key_find(token)
    with pytest.raises(Conflict):
        api_key_revoke(key=key, by=alice)
    actions = AuditEvent.objects.order_by("at").values_list("action", "actor__username")
    assert list(actions) == [("api_key.create", "alice"), ("api_key.revoke", "admin")]
    assert not AuditEvent.objects.filter(data__icontains=token).exists()


def test_use_is_counted_by_day(made) -> None:
    key, _ = made
    usage_add(key, n_requests=1)
    usage_add(key, prompt_tokens=10, completion_tokens=4)
    old = timezone.now().date() - timedelta(days=40)
    ApiUsage.objects.create(key=key, day=old, n_requests=5)
    (today,) = usage_by_day(key)
    assert (today.n_requests, today.prompt_tokens, today.completion_tokens) == (1, 10, 4)
    assert usage_total(key)["n_requests"] == 6
    assert keys_with_usage(ApiKey.objects.all()).get().recent_requests == 1
    key.refresh_from_db()
    assert key.last_used_at is not None


def test_people_see_their_own_keys_and_admins_all(made, alice, bob, admin) -> None:
    counts = [ApiKey.objects.visible_to(person).count() for person in (alice, bob, admin)]
    assert counts == [1, 0, 1]
