"""Thumbs, reasons and comments."""

import pytest

from chat.models import Feedback, Message
from chat.services import feedback
from chat.services.feedback import (
    feedback_explain,
    feedback_give,
    feedback_vote,
    feedback_withdraw,
)
from chat.services.messages import message_regenerate
from uno_site.errors import Conflict, InvalidInput

pytestmark = pytest.mark.django_db


def test_a_vote_is_kept_and_a_second_click_takes_it_back(reply) -> None:
    assert feedback_vote(message=reply, thumb=-1).thumb == -1
    assert feedback_vote(message=reply, thumb=-1) is None
    assert not Feedback.objects.exists()


def test_the_other_thumb_replaces_the_vote_and_drops_its_reasons(reply) -> None:
    given = feedback_vote(message=reply, thumb=-1)
    feedback_explain(feedback=given, reasons=["too_long"], comment="Shorter.")
    changed = feedback_vote(message=reply, thumb=1)
    changed.refresh_from_db()
    assert (changed.thumb, changed.reasons, changed.comment) == (1, [], "Shorter.")
    assert Feedback.objects.count() == 1


def test_reasons_are_kept_as_keys_without_repetition(reply) -> None:
    given = feedback_vote(message=reply, thumb=-1)
    feedback_explain(feedback=given, reasons=["style", "too_long", "style"], comment=" Hm. ")
    given.refresh_from_db()
    assert given.reasons == ["style", "too_long"]
    assert given.comment == "Hm."


def test_the_same_feedback_at_the_same_time_is_one(reply, monkeypatch) -> None:
    """A client's retry: its twin commits after the first look at what was given."""
    check = feedback._check_vote

    def check_slowly(message: Message, thumb: int) -> None:
        check(message, thumb)
        monkeypatch.setattr(feedback, "_check_vote", check)
        feedback_give(message=message, thumb=thumb)

    monkeypatch.setattr(feedback, "_check_vote", check_slowly)
    assert feedback_give(message=reply, thumb=1, comment="Good.").comment == "Good."
    assert Feedback.objects.get().thumb == 1


def test_feedback_that_was_withdrawn_does_not_come_back_with_its_reasons(reply) -> None:
    given = feedback_vote(message=reply, thumb=-1)
    feedback_withdraw(message=reply)
    with pytest.raises(Conflict):
        feedback_explain(feedback=given, reasons=["too_long"], comment="")
    assert not Feedback.objects.exists()


def test_an_unknown_reason_is_refused_by_name(reply) -> None:
    given = feedback_vote(message=reply, thumb=-1)
    with pytest.raises(InvalidInput, match="boring"):
        feedback_explain(feedback=given, reasons=["boring"], comment="")


def test_a_question_takes_no_vote(reply) -> None:
    with pytest.raises(Conflict):
        feedback_vote(message=reply.parent, thumb=1)


def test_a_reply_being_written_takes_no_vote(reply) -> None:
    with pytest.raises(Conflict, match="still being written"):
        feedback_vote(message=message_regenerate(message=reply), thumb=1)


@pytest.mark.parametrize("thumb", [0, 2, -2])
def test_a_thumb_is_up_or_down(reply, thumb) -> None:
    with pytest.raises(InvalidInput):
        feedback_vote(message=reply, thumb=thumb)
