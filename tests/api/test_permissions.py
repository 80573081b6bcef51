"""The API lets nobody see or do more than the screens do."""

import pytest

from tests.factories import (
    ClusterFactory,
    ConversationFactory,
    FeedbackFactory,
    LogEntryFactory,
    PairFactory,
    ReplyFactory,
    RuleFactory,
)

pytestmark = pytest.mark.django_db
CURATION = [
    *("log-entries", "rules", "pairs", "clusters", "curated-notes", "refinements"),
    *("jobs", "runs", "adapters", "routes"),
]


@pytest.mark.parametrize("resource", ["conversations", "feedback", *CURATION, "promotions"])
def test_without_signing_in_there_is_nothing(client, resource) -> None:
    assert client.get(f"/api/v1/{resource}/").status_code in (401, 403)


@pytest.mark.parametrize("resource", [*CURATION, "promotions"])
def test_users_find_no_curation_or_training(client_for, alice, resource) -> None:
    assert client_for(alice).get(f"/api/v1/{resource}/").status_code == 404


@pytest.mark.parametrize("resource", [*CURATION, "promotions"])
def test_curators_read_everything(client_for, curator, resource) -> None:
    assert client_for(curator).get(f"/api/v1/{resource}/").status_code == 200


def test_conversations_of_others_are_not_there(client_for, alice, bob) -> None:
    conversation = ConversationFactory(user=alice)
    assert client_for(alice).get(f"/api/v1/conversations/{conversation.pk}/").status_code == 200
    assert client_for(bob).get(f"/api/v1/conversations/{conversation.pk}/").status_code == 404
    assert client_for(bob).delete(f"/api/v1/conversations/{conversation.pk}/").status_code == 404


def test_messages_of_others_are_not_there(client_for, alice, bob) -> None:
    reply = ReplyFactory(conversation__user=alice)
    stranger = client_for(bob)
    assert stranger.get(f"/api/v1/messages/{reply.pk}/").status_code == 404
    assert stranger.post(f"/api/v1/messages/{reply.pk}/regenerate/").status_code == 404


def test_feedback_of_others_is_not_listed(client_for, alice, bob) -> None:
    FeedbackFactory(message__conversation__user=alice)
    assert client_for(alice).get("/api/v1/feedback/").json()["count"] == 1
    assert client_for(bob).get("/api/v1/feedback/").json()["count"] == 0


def test_users_may_not_review(client_for, alice) -> None:
    rule, pair = RuleFactory(), PairFactory()
    browser = client_for(alice)
    assert browser.post(f"/api/v1/rules/{rule.pk}/approve/").status_code == 404
    assert browser.post(f"/api/v1/pairs/{pair.pk}/approve/").status_code == 404


def test_curators_may_not_train_or_promote(client_for, curator) -> None:
    browser = client_for(curator)
    for address in ("runs/start/", "promotions/promote/", "promotions/rollback/"):
        assert browser.post(f"/api/v1/{address}").status_code == 404


def test_a_curator_excludes_and_includes(client_for, curator) -> None:
    browser = client_for(curator)
    for resource, row in (("log-entries", LogEntryFactory()), ("clusters", ClusterFactory())):
        address = f"/api/v1/{resource}/{row.pk}/exclude/"
        browser.post(address, {"is_excluded": True}, content_type="application/json")
        row.refresh_from_db()
        assert row.is_excluded
        browser.post(address, {"is_excluded": False}, content_type="application/json")
        row.refresh_from_db()
        assert not row.is_excluded
