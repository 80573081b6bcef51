"""Feedback over the API replaces what was given before, and can be taken back."""

import pytest

from chat.models import Feedback, ReplyOutcome
from chat.services.outcomes import outcome_say
from tests.factories import ReplyFactory

pytestmark = pytest.mark.django_db


def put(browser, reply, **body):
    return browser.put(
        f"/api/v1/messages/{reply.pk}/feedback/", body, content_type="application/json"
    )


def test_a_thumb_with_reasons_and_comment(client_for, alice) -> None:
    reply = ReplyFactory(conversation__user=alice)
    answer = put(client_for(alice), reply, thumb=-1, reasons=["too_long"], comment="Be brief.")
    assert answer.status_code == 200
    kept = Feedback.objects.get()
    assert (kept.thumb, kept.reasons, kept.comment) == (-1, ["too_long"], "Be brief.")


def test_the_same_thumb_again_keeps_it_and_changes_the_comment(client_for, alice) -> None:
    reply, browser = ReplyFactory(conversation__user=alice), client_for(alice)
    put(browser, reply, thumb=1, comment="Good.")
    put(browser, reply, thumb=1, comment="Very good.")
    assert Feedback.objects.get().comment == "Very good."


def test_an_unknown_reason_is_refused_by_name(client_for, alice) -> None:
    reply = ReplyFactory(conversation__user=alice)
    answer = put(client_for(alice), reply, thumb=1, reasons=["boring"])
    assert answer.status_code == 400
    assert "boring" in answer.content.decode()


def test_feedback_is_taken_back_with_the_acceptance(client_for, alice) -> None:
    reply = ReplyFactory(conversation__user=alice, provenance={"kind": "base"})
    browser = client_for(alice)
    put(browser, reply, thumb=1)
    assert ReplyOutcome.objects.get().cost == 0
    for _ in range(2):
        assert browser.delete(f"/api/v1/messages/{reply.pk}/feedback/").status_code == 204
    assert not Feedback.objects.exists()
    outcome = ReplyOutcome.objects.get()
    assert (outcome.action, outcome.cost) == ("", None)


def test_what_was_copied_stays_copied_without_the_thumb(client_for, alice) -> None:
    reply = ReplyFactory(conversation__user=alice, provenance={"kind": "base"})
    browser = client_for(alice)
    put(browser, reply, thumb=1)
    outcome_say(message=reply, action="copy")
    browser.delete(f"/api/v1/messages/{reply.pk}/feedback/")
    assert ReplyOutcome.objects.get().action == "copy"
