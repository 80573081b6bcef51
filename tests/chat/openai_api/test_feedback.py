"""Feedback on a completion: replaced, taken for one's own only, and it becomes a log entry."""

from uuid import UUID

import pytest

from chat.models import Conversation, Feedback, Message
from chat.services.conversations import conversation_delete
from curation.models import EntryState, LogEntry, Rule
from curation.services.consent import consent_sync
from curation.services.freezing import logs_freeze
from tests.factories import ReplyFactory, RuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def completion_id(ask, scripted) -> str:
    """A completion of alice's."""
    return ask("Write an e-mail.").json()["id"]


def test_a_thumb_with_reasons_and_comment(call, completion_id, alice) -> None:
    body = {"completion_id": completion_id, "thumb": -1, "reasons": ["too_long"], "comment": "Ugh."}
    receipt = call("feedback", body).json()
    assert receipt == {"object": "feedback", **body, "correction": None, "action": None}
    given = Feedback.objects.get(user=alice)
    assert (given.thumb, given.reasons, given.comment) == (-1, ["too_long"], "Ugh.")


def test_feedback_again_replaces_it(call, completion_id) -> None:
    call("feedback", {"completion_id": completion_id, "thumb": -1, "reasons": ["style"]})
    for _ in range(2):
        answer = call("feedback", {"completion_id": completion_id, "thumb": 1})
        assert answer.status_code == 200
    given = Feedback.objects.get()
    assert (given.thumb, given.reasons) == (1, [])


@pytest.mark.parametrize("said", ["Dear Ana,\nhi.", "Dear Ana,\r\nh\x00i. "])
def test_a_correction_is_kept_beside_the_reply_once(call, completion_id, said) -> None:
    body = {"completion_id": completion_id, "correction": said}
    for _ in range(2):  # a client that tries again
        assert call("feedback", body).json()["correction"] == "Dear Ana,\nhi."
    correction = Message.objects.get(origin="correction")
    assert correction.correction_of.content == "A scripted reply."
    assert Conversation.objects.get().leaf == correction


def test_a_correction_without_a_change_is_a_conflict(call, completion_id) -> None:
    body = {"completion_id": completion_id, "correction": "A scripted reply.", "thumb": -1}
    answer = call("feedback", body)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, None),
        ({"comment": "Good."}, None),
        ({"thumb": 0}, "thumb"),
        ({"thumb": "up"}, "thumb"),
        ({"thumb": True}, "thumb"),
        ({"thumb": 1, "reasons": ["boring"]}, "reasons[0]"),
        ({"thumb": 1, "reasons": "style"}, "reasons"),
        ({"thumb": 1, "comment": "x" * 2_001}, "comment"),
        ({"correction": ""}, "correction"),
        ({"correction": "x" * 12_001}, "correction"),
    ],
)
def test_feedback_that_says_nothing_is_refused(call, completion_id, fields, param) -> None:
    answer = call("feedback", {"completion_id": completion_id, **fields})
    assert answer.status_code == 400, answer.content
    assert answer.json()["error"]["param"] == param


def test_blanks_are_no_correction(call, completion_id) -> None:
    answer = call("feedback", {"completion_id": completion_id, "correction": "  "})
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["chatcmpl-1", "", "nothing", f"chatcmpl-{UUID(int=7).hex}"])
def test_what_is_not_stored_is_not_found(call, scripted, name) -> None:
    answer = call("feedback", {"completion_id": name, "thumb": 1})
    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == "completion_id"


def test_strangers_find_nothing(call, completion_id, new_key, bob) -> None:
    body = {"completion_id": completion_id, "thumb": 1}
    assert call("feedback", body, key=new_key(bob)[1]).status_code == 404
    assert not Feedback.objects.exists()


def test_ones_own_question_takes_no_feedback(call, completion_id) -> None:
    question = Message.objects.get(role="user")
    body = {"completion_id": str(question.pk), "thumb": 1}
    assert call("feedback", body).status_code == 404


def test_a_completion_that_was_not_kept_takes_none(call, ask, scripted) -> None:
    answer = ask(store=False).json()
    assert call("feedback", {"completion_id": answer["id"], "thumb": 1}).status_code == 404


def test_replies_of_the_chat_pages_take_feedback_by_their_id(call, alice) -> None:
    reply = ReplyFactory(conversation__user=alice)
    body = {"completion_id": str(reply.pk), "thumb": 1}
    assert call("feedback", body).status_code == 200
    assert Feedback.objects.get().message == reply


def test_it_becomes_a_log_entry(call, completion_id, alice) -> None:
    body = {
        "completion_id": completion_id,
        "thumb": -1,
        "comment": "Be brief.",
        "correction": "Hi.",
    }
    call("feedback", body)
    logs_freeze()
    entry = LogEntry.objects.get(user=alice)
    assert (entry.query, entry.response) == ("Write an e-mail.", "A scripted reply.")
    assert entry.correction == "Hi."
    assert {"kind": "comment", "text": "Be brief."} in entry.feedback


def test_withdrawn_consent_and_deletion_reach_it(call, completion_id, alice) -> None:
    call("feedback", {"completion_id": completion_id, "thumb": -1, "comment": "Be brief."})
    logs_freeze()
    entry = LogEntry.objects.get()
    LogEntry.objects.update(state=EntryState.DISTILLED)
    RuleFactory(entry=entry)
    alice.training_consent = False
    alice.save()
    assert not LogEntry.objects.consented().exists()
    assert consent_sync()["entries"] == 1
    assert not Rule.objects.exists()
    conversation_delete(conversation=Conversation.objects.get())
    assert not LogEntry.objects.exists()
