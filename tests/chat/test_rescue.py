"""Replies whose writer died: found by their heartbeat, ended once, text kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from chat.models import Message, MessageState
from chat.services.generations import STALE_AFTER, generations_rescue
from chat.services.messages import message_regenerate, message_send, message_stop
from uno_site.jobs.registry import get_kind
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.django_db


def make_stale(reply: Message, *, has_begun: bool = True) -> None:
    past = timezone.now() - STALE_AFTER - timedelta(seconds=1)
    values = {"heartbeat_at": past} if has_begun else {"created_at": past}
    Message.objects.filter(pk=reply.pk).update(content="half a", **values)


@pytest.mark.parametrize("has_begun", [True, False])
def test_a_stale_reply_is_interrupted_and_keeps_its_text(alice, has_begun) -> None:
    _, reply = message_send(user=alice, content="Hello")
    make_stale(reply, has_begun=has_begun)
    assert generations_rescue() == 1
    reply.refresh_from_db()
    assert (reply.state, reply.content) == (MessageState.INTERRUPTED, "half a")
    assert reply.error.startswith("The server was restarted while this reply was being written.")
    assert generations_rescue() == 0


def test_a_reply_with_a_fresh_heartbeat_is_left_alone(alice) -> None:
    _, reply = message_send(user=alice, content="Hello")
    Message.objects.filter(pk=reply.pk).update(heartbeat_at=timezone.now())
    assert generations_rescue() == 0


def test_one_conversations_rescue_leaves_the_others(alice) -> None:
    _, first = message_send(user=alice, content="Hello")
    _, second = message_send(user=alice, content="Hello")
    make_stale(first)
    make_stale(second)
    assert generations_rescue(first.conversation_id) == 1
    second.refresh_from_db()
    assert second.state == MessageState.GENERATING


def test_a_dead_reply_does_not_keep_one_from_writing_on(alice) -> None:
    message, reply = message_send(user=alice, content="Hello")
    make_stale(reply)
    message_send(user=alice, content="Are you there?", conversation=message.conversation)
    reply.refresh_from_db()
    assert reply.state == MessageState.INTERRUPTED


def test_a_rescued_reply_can_be_written_anew(alice) -> None:
    _, reply = message_send(user=alice, content="Hello")
    make_stale(reply)
    assert message_regenerate(message=reply).parent == reply.parent


def test_stopping_a_dead_reply_ends_it(alice) -> None:
    _, reply = message_send(user=alice, content="Hello")
    make_stale(reply)
    message_stop(message=reply)
    reply.refresh_from_db()
    assert reply.state == MessageState.INTERRUPTED


def test_the_page_rescues_what_it_shows(alice, client_for) -> None:
    message, reply = message_send(user=alice, content="Hello")
    make_stale(reply)
    page = client_for(alice).get(f"/c/{message.conversation_id}/").content.decode()
    assert "The server was restarted" in page
    assert "half a" in page
    assert "Write it anew" in page


def test_the_schedule_has_work_only_when_a_writer_died(alice) -> None:
    kind = get_kind("chat.rescue")
    _, reply = message_send(user=alice, content="Hello")
    assert not kind.has_work()
    make_stale(reply)
    assert kind.has_work()
    assert job_run_now(kind=kind.name).result == {"n_rescued": 1}
    assert not kind.has_work()
