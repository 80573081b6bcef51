"""What is said of a reply after it was judged counts too, and what is taken back is forgotten."""

from __future__ import annotations

import pytest

from chat.models import Message, PersonalRoute
from chat.services.feedback import feedback_explain, feedback_give, feedback_vote
from chat.services.messages import message_correct
from tests.factories import MessageFactory
from tests.training.personal.conftest import WISH, say
from training.models import Adapter, Interaction, Mask
from training.services.personal.forgetting import has_to_forget, personal_sync
from training.services.personal.queue import queue_fill
from training.services.personal.updating import QUEUE, people_to_update, personal_update
from training.services.reporting import SilentReporter
from uno_site.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def judged(user: User, follow_up: str = "Thanks, that will do.") -> Message:
    """A reply that is in the queue already."""
    reply = say(user, follow_up)
    queue_fill(user)
    return reply


def mask(reply: Message) -> str:
    return Interaction.objects.get(reply=reply).mask


def comment(reply: Message, text: str) -> None:
    feedback_give(message=reply, thumb=-1, comment=text)


def test_a_correction_after_thanks_is_learned(owner) -> None:
    reply = judged(owner)
    assert mask(reply) == Mask.SATISFIED
    message_correct(message=reply, content="Much livelier!")
    assert queue_fill(owner) == 0  # no row is new
    assert mask(reply) == Mask.NONE
    assert [one.reply for one in Interaction.objects.waiting()] == [reply]


def test_a_comment_and_the_next_message_count_when_they_come(owner) -> None:
    commented, answered = judged(owner), judged(owner)
    comment(commented, WISH)
    MessageFactory(conversation=answered.conversation, parent=answered, content=WISH)
    queue_fill(owner)
    assert mask(commented) == Mask.NONE
    assert mask(answered) == Mask.SATISFIED  # the first message after it is the one that counts


def test_a_wish_that_was_reworded_into_praise_teaches_nothing(owner) -> None:
    reply = say(owner, "")
    comment(reply, WISH)
    queue_fill(owner)
    assert mask(reply) == Mask.NONE
    comment(reply, "Thanks!")
    queue_fill(owner)
    assert mask(reply) == Mask.SATISFIED


def test_nothing_is_judged_twice_without_reason(owner) -> None:
    reply = judged(owner)
    first = Interaction.objects.get(reply=reply).judged_at
    queue_fill(owner)
    assert Interaction.objects.get(reply=reply).judged_at == first


def test_what_was_learned_is_not_judged_anew(owner, version) -> None:
    reply = say(owner)
    version(owner, [reply])
    comment(reply, "Thanks!")
    queue_fill(owner)
    assert mask(reply) == Mask.NONE
    assert not Interaction.objects.changed().exists()


def test_corrections_of_what_was_content_make_an_update_due(owner) -> None:
    replies = [judged(owner) for _ in range(QUEUE.min_new)]
    assert people_to_update() == []
    for reply in replies:
        message_correct(message=reply, content=f"{reply.content}, but livelier!")
    assert people_to_update() == [owner]


def test_taking_back_all_that_was_said_takes_the_version_back(owner, version) -> None:
    reply = say(owner, "")
    comment(reply, WISH)
    version(owner, [reply])
    assert not has_to_forget()
    feedback_vote(message=reply, thumb=-1)  # the same once more: it is taken back
    assert has_to_forget()
    assert personal_sync()["n_versions"] == 1
    assert not Adapter.objects.exists()
    assert not PersonalRoute.objects.exists()
    assert not Interaction.objects.exists()
    assert not has_to_forget()


@pytest.mark.parametrize("how", ["thumb", "comment"])
def test_taking_back_the_comment_alone_leaves_the_rest_to_be_judged(owner, version, how) -> None:
    reply = say(owner, "Thanks!")
    comment(reply, WISH)
    queue_fill(owner)
    Interaction.objects.update(run=version(owner, [say(owner)]).run)
    assert not has_to_forget()
    if how == "thumb":
        feedback_vote(message=reply, thumb=-1)
    else:
        feedback_explain(feedback=reply.feedback.get(), reasons=[], comment="")
    queue_fill(owner)
    assert has_to_forget()
    assert personal_sync()["n_versions"] == 1
    assert not has_to_forget()
    queue_fill(owner)
    assert mask(reply) == Mask.SATISFIED


def test_one_of_eight_that_was_taken_back_starts_no_update(owner) -> None:
    for _ in range(QUEUE.min_new - 1):
        say(owner)
    reply = say(owner, "")
    comment(reply, WISH)
    queue_fill(owner)
    assert people_to_update() == [owner]
    feedback_vote(message=reply, thumb=-1)
    assert people_to_update() == []  # before the sync as well as after it
    assert personal_update(owner, SilentReporter()) is None
    personal_sync()
    assert Interaction.objects.count() == QUEUE.min_new - 1
    assert people_to_update() == []
