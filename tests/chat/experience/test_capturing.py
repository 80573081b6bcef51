"""Episodes: pulled from chats of people who agree, pointing at messages, never copying them."""

import pytest

from chat.experience.models import Episode, EpisodeState
from chat.experience.services import capturing
from chat.experience.services.capturing import episodes_capture, replies_to_capture
from chat.experience.services.switches import user_switch_set
from chat.models import ConversationOrigin, MessageOrigin
from chat.services.feedback import feedback_give, feedback_vote
from tests.factories import MessageFactory, ReplyFactory

pytestmark = pytest.mark.django_db


def test_a_reply_that_nobody_judged_is_no_episode(reply):
    assert episodes_capture().n_added == 0


def test_an_episode_names_messages_and_signals_without_texts(reply, alice):
    feedback_give(message=reply, thumb=-1, reasons=["inaccurate"], comment="It is port 7443.")
    turn = MessageFactory(conversation=reply.conversation, parent=reply, content="No, wrong.")
    episodes_capture()
    episode = Episode.objects.get()
    assert (episode.user, episode.message) == (alice, reply)
    assert (episode.first, episode.last) == (reply.parent, turn)
    assert episode.signals == [
        {"kind": "thumb", "value": -1},
        {"kind": "reason", "value": "inaccurate"},
        {"kind": "comment", "value": len("It is port 7443.")},
        {"kind": "follow_up", "value": "objection"},
    ]
    assert episode.is_success is False and episode.state == EpisodeState.PENDING
    assert "7443" not in str(vars(episode))


def test_it_is_captured_once_and_again_when_more_is_said(reply):
    feedback_vote(message=reply, thumb=1)
    assert episodes_capture().n_added == 1
    assert not replies_to_capture().exists()
    Episode.objects.update(state=EpisodeState.DISTILLED)
    MessageFactory(conversation=reply.conversation, parent=reply, content="No, that is wrong.")
    assert episodes_capture().n_changed == 1
    episode = Episode.objects.get()
    assert episode.state == EpisodeState.PENDING and episode.is_success is None


@pytest.mark.parametrize("why", ["no consent", "learning off", "withdrawn", "api", "imported"])
def test_whose_chats_are_left_alone(reply, alice, why):
    feedback_vote(message=reply, thumb=1)
    if why == "no consent":
        alice.training_consent = False
        alice.save()
    elif why == "learning off":
        user_switch_set(user=alice, is_learning_on=False)
    elif why == "withdrawn":
        reply.is_withdrawn = True
        reply.save()
    elif why == "api":
        reply.conversation.origin = ConversationOrigin.API
        reply.conversation.save()
    else:
        reply.provenance = {"reason": "imported"}
        reply.save()
    assert episodes_capture().n_added == 0


def test_consent_withdrawn_later_hides_the_episode(reply, alice):
    feedback_vote(message=reply, thumb=1)
    episodes_capture()
    assert Episode.objects.pending().exists()
    alice.training_consent = False
    alice.save()
    assert not Episode.objects.pending().exists()


def twin(reply):
    same = ReplyFactory(
        conversation=reply.conversation,
        parent__content=reply.parent.content,
        content=reply.content,
        origin=MessageOrigin.MODEL,
    )
    feedback_vote(message=same, thumb=1)
    return same


def test_the_same_once_more_is_refused_with_its_reason(reply):
    feedback_vote(message=reply, thumb=1)
    twin(reply)
    report = episodes_capture()
    assert (report.n_added, report.n_refused) == (1, 1)
    assert Episode.objects.get(state=EpisodeState.REFUSED).reason == "The same was said before."


def test_nobody_adds_more_than_a_days_share(reply, monkeypatch):
    monkeypatch.setattr(capturing, "MAX_A_DAY", 1)
    feedback_vote(message=reply, thumb=1)
    other = ReplyFactory(conversation=reply.conversation)
    feedback_vote(message=other, thumb=1)
    report = episodes_capture()
    assert (report.n_added, report.n_refused) == (1, 1)
