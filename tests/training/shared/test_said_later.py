"""What is said later, or taken back, counts for the shared adapter too."""

from __future__ import annotations

import pytest

from chat.models import SharedRoute
from chat.services.feedback import feedback_give, feedback_vote
from chat.services.messages import message_correct
from tests.training.personal.conftest import WISH, say
from training.models import Interaction
from training.services.personal.queue import queue_fill
from training.services.shared.forgetting import broken_runs, shared_sync
from training.services.shared.updating import shared_is_due

pytestmark = pytest.mark.django_db


def test_corrections_of_what_was_content_make_an_update_due(
    alice, bob, switched_on, update
) -> None:
    replies = [say(user, "Thanks!") for user in (alice, bob) for _ in range(8)]
    for user in (alice, bob):
        queue_fill(user)
    assert not shared_is_due()
    for reply in replies:
        message_correct(message=reply, content=f"{reply.content}, but livelier!")
    assert shared_is_due()
    assert update().n_train == 14


def test_a_comment_that_is_taken_back_flags_the_version(alice, bob, talk, update) -> None:
    reply = say(bob, "")
    Interaction.objects.all().delete()
    talk[bob.username][0].conversation.delete()
    feedback_give(message=reply, thumb=-1, comment=WISH)
    version = update().adapters.get()
    assert Interaction.objects.filter(reply=reply, shared_run=version.run).exists()
    assert not broken_runs().exists()
    feedback_vote(message=reply, thumb=-1)
    assert broken_runs().get() == version.run
    assert shared_sync()["n_tainted"] == 1
    assert not SharedRoute.objects.exists()
    assert not broken_runs().exists()
