"""Quotas: what a person may ask for in a day, by role or of their own, and what refusals say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import Message, MessageState
from chat.services.generations import generation_finish
from chat.services.limits import count_send
from tests.factories import ReplyFactory
from uno_site.accounts.models import DailyUsage
from uno_site.accounts.quotas import (
    QuotaExceeded,
    quota_add_tokens,
    quota_count_message,
    quota_of,
    quota_return_message,
    quota_set,
)
from uno_site.audit.models import AuditEvent
from uno_site.errors import InvalidInput
from uno_site.runtime.services import runtime_settings_change

ClientFor = Callable[[Any], Client]


def limit(**values: int) -> None:
    runtime_settings_change(values=values, by=None)


def test_without_a_quota_everything_is_counted_and_nothing_refused(alice: Any) -> None:
    for _ in range(3):
        count_send(alice)
    quota = quota_of(alice)
    assert (quota.n_messages, quota.is_limited) == (3, False)


def test_the_role_s_quota_refuses_and_says_when_it_begins_anew(alice: Any, curator: Any) -> None:
    limit(daily_messages_user=2)
    count_send(alice)
    count_send(alice)
    with pytest.raises(QuotaExceeded, match=r"sent 2 messages today.*anew in \d+ h \d+ min"):
        count_send(alice)
    assert quota_of(alice).n_messages == 2
    count_send(curator)


def test_tokens_of_replies_count_and_refuse_the_next_message(alice: Any) -> None:
    limit(daily_tokens_user=100)
    reply = ReplyFactory(conversation__user=alice, state=MessageState.GENERATING, content="")
    values = {"content": "Hi", "provenance": {"prompt_tokens": 80, "completion_tokens": 30}}
    generation_finish(reply.pk, user_id=alice.pk, state=MessageState.COMPLETE, **values)
    assert quota_of(alice).n_tokens == 110
    with pytest.raises(QuotaExceeded, match="took 110 tokens today; 100 are allowed"):
        count_send(alice)


def test_a_reply_that_was_stopped_counts_by_its_length(alice: Any) -> None:
    reply = ReplyFactory(conversation__user=alice, state=MessageState.GENERATING, content="")
    values = {"state": MessageState.STOPPED, "content": "word " * 40}
    generation_finish(reply.pk, user_id=alice.pk, **values)
    assert quota_of(alice).n_tokens == 50


def test_a_reply_that_was_deleted_meanwhile_counts_all_the_same(alice: Any) -> None:
    values = {"state": MessageState.COMPLETE, "content": "word " * 40}
    assert generation_finish(uuid4(), user_id=alice.pk, **values) is False
    assert quota_of(alice).n_tokens == 50


def test_of_somebody_who_was_erased_nothing_is_counted(alice: Any) -> None:
    quota_add_tokens(uuid4(), 10)
    assert not DailyUsage.objects.exists()


def test_a_message_that_nobody_could_answer_is_given_back(alice: Any) -> None:
    quota_count_message(alice)
    quota_return_message(alice.pk)
    quota_return_message(alice.pk)
    assert quota_of(alice).n_messages == 0


def test_deleting_conversations_gives_nothing_back(alice: Any) -> None:
    count_send(alice)
    Message.objects.all().delete()
    assert quota_of(alice).n_messages == 1


def test_yesterday_does_not_count(alice: Any) -> None:
    limit(daily_messages_user=1)
    quota_count_message(alice)
    row = DailyUsage.objects.get()
    DailyUsage.objects.update(day=row.day - timedelta(days=1))
    quota_count_message(alice)


def test_a_quota_of_their_own_goes_before_the_role_s(alice: Any, admin: Any) -> None:
    limit(daily_messages_user=1)
    quota_set(user=alice, daily_messages=0, daily_tokens=None, by=admin)
    for _ in range(3):
        quota_count_message(alice)
    quota_set(user=alice, daily_messages=3, daily_tokens=None, by=admin)
    assert quota_of(alice).is_used_up
    assert AuditEvent.objects.filter(action="user.quota").count() == 2
    with pytest.raises(InvalidInput):
        quota_set(user=alice, daily_messages=-1, daily_tokens=None, by=admin)


def test_the_profile_shows_it(alice: Any, client_for: ClientFor) -> None:
    url = reverse("accounts:profile")
    assert "Messages today" not in client_for(alice).get(url).content.decode()
    limit(daily_messages_user=10, daily_tokens_user=50_000)
    quota_add_tokens(alice.pk, 1234)
    page = client_for(alice).get(url).content.decode()
    assert "0 of 10" in page
    assert "1,234 of 50,000" in page


def test_admins_set_it_on_the_list_of_people(
    alice: Any, admin: Any, curator: Any, client_for: ClientFor
) -> None:
    url = reverse("accounts:user-quota", args=[alice.pk])
    assert client_for(curator).post(url).status_code == 404
    body = {"daily_messages": "5", "daily_tokens": ""}
    page = client_for(admin).post(url, body, follow=True).content.decode()
    assert "The quota of alice is saved." in page
    alice.refresh_from_db()
    assert (alice.daily_messages, alice.daily_tokens) == (5, None)
    assert client_for(admin).post(url, {"daily_messages": "-1"}).status_code == 400


def test_the_chat_says_so(alice: Any, client_for: ClientFor) -> None:
    limit(daily_messages_user=1)
    quota_count_message(alice)
    answer = client_for(alice).post(reverse("chat:start"), {"content": "Hello?"})
    assert answer.status_code == 429
    assert "that is all you may" in answer.content.decode()
