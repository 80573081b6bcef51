"""What people say about a reply goes onto the notes that it was shown, once."""

import pytest

from chat.experience.models import Outcome, Use
from chat.experience.services.crediting import uses_settle, uses_to_settle
from chat.experience.services.notes import note_dispute
from chat.models import MessageRole
from chat.services.feedback import feedback_give, feedback_vote
from tests.factories import ExperienceFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(alice):
    return ExperienceFactory(owner=alice, content="Kestrel has port 7443.")


@pytest.fixture
def use(note, reply):
    reply.content = "Kestrel is on 7443."
    reply.save()
    return Use.objects.create(message=reply, experience=note, rank=1, similarity=0.8)


def counts(note):
    note.refresh_from_db()
    return note.helpful, note.harmful


def test_nothing_said_leaves_it_open(use):
    assert not uses_to_settle().exists()


def test_a_thumb_settles_it_once(use, note, reply):
    feedback_vote(message=reply, thumb=1)
    uses_settle()
    uses_settle()
    use.refresh_from_db()
    assert (use.outcome, use.outcome_by) == (Outcome.HELPFUL, "thumb")
    assert counts(note) == (1, 0) and not uses_to_settle().exists()


def test_a_changed_mind_moves_the_count(use, note, reply):
    feedback_vote(message=reply, thumb=1)
    uses_settle()
    feedback_give(message=reply, thumb=-1, reasons=["inaccurate"])
    uses_settle()
    assert counts(note) == (0, 1)


def test_a_vote_taken_back_takes_its_count_along(use, note, reply):
    feedback_vote(message=reply, thumb=1)
    uses_settle()
    feedback_vote(message=reply, thumb=1)
    assert uses_settle().n_reopened == 1
    assert counts(note) == (0, 0)


def test_the_next_turn_counts_until_a_thumb_says_otherwise(use, note, reply):
    turn = MessageFactory(
        conversation=reply.conversation, parent=reply, content="That is wrong, it moved."
    )
    assert turn.role == MessageRole.USER
    uses_settle()
    assert counts(note) == (0, 1)
    feedback_vote(message=reply, thumb=1)
    uses_settle()
    assert counts(note) == (1, 0)


def test_a_dispute_stands_whatever_else_is_said(use, note, reply, alice):
    note_dispute(note=note, by=alice, message=reply)
    feedback_vote(message=reply, thumb=1)
    uses_settle()
    use.refresh_from_db()
    assert use.outcome == Outcome.DISPUTED and counts(note) == (0, 1)
