"""What counts against the daily quotas: messages that were answered, tokens however it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from chat.openai_api.completions import Completion
from chat.openai_api.requests import ChatCompletionRequest
from tests.scripted import AsyncScriptedClient
from uno_site.accounts.models import ApiUsage, User
from uno_site.accounts.quotas import quota_of
from uno_site.inference.errors import EngineRefused, EngineUnreachable
from uno_site.inference.protocol import ChatChunk, ChatRequest
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db
QUESTION = "What is it? " * 10  # 120 bytes: 30 tokens


class BreakingClient(AsyncScriptedClient):
    """Breaks off after a word."""

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        yield ChatChunk("A word that it said.")
        raise EngineUnreachable("It broke off.")


def counted(user: User) -> tuple[int, int]:
    """Messages and tokens of today; the key's tokens are the same."""
    quota = quota_of(user)
    of_keys = sum(row.prompt_tokens + row.completion_tokens for row in ApiUsage.objects.all())
    assert of_keys == quota.n_tokens
    return quota.n_messages, quota.n_tokens


@pytest.fixture
def leave_after(alice: User, new_key: Any) -> Any:
    """Reads a stream of alice's until so many events came, and hangs up."""
    messages = [{"role": "user", "content": QUESTION}]
    asked = ChatCompletionRequest.model_validate({"model": "uno", "messages": messages})
    key, _token = new_key(alice)

    async def read(n_events: int) -> None:
        events = Completion(asked, key).stream()
        for _ in range(n_events):
            await anext(events)
        await events.aclose()

    return async_to_sync(read)


def test_an_answer_counts_once_by_the_engines_own_numbers(ask, scripted, alice) -> None:
    assert ask(QUESTION).status_code == 200
    assert counted(alice) == (1, 4)


def test_who_hangs_up_before_the_end_is_counted_what_was_written(
    scripted, alice, leave_after
) -> None:
    scripted.script.reply = "word " * 40
    leave_after(41)
    assert counted(alice) == (1, 30 + 49)


def test_who_hangs_up_after_the_end_is_counted_once(scripted, alice, leave_after) -> None:
    leave_after(5)
    assert counted(alice) == (1, 4)


def test_an_answer_that_breaks_off_counts_by_its_length(ask, serve_with, alice) -> None:
    serve_with(BreakingClient())
    assert ask(QUESTION).status_code == 503
    assert counted(alice) == (1, 35)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}']
)
def test_a_body_that_is_refused_counts_no_message(call, scripted, alice, body) -> None:
    assert call("chat/completions", body).status_code in (400, 404)
    assert counted(alice) == (0, 0)


@pytest.mark.parametrize("error", [EngineUnreachable("Away."), EngineRefused("Too long.")])
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_engine_cannot_answer_counts_no_message(
    ask, scripted, alice, error, stream
) -> None:
    scripted.script.reply = error
    assert ask(QUESTION, stream=stream).status_code in (400, 503)
    assert counted(alice) == (0, 0)


@pytest.mark.parametrize("stream", [False, True])
def test_a_used_up_quota_refuses_before_the_engine(ask, scripted, alice, stream) -> None:
    runtime_settings_change(values={"daily_messages_user": 1}, by=None)
    assert ask().status_code == 200
    answer = ask(stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "quota_exceeded")
    assert (len(scripted.requests), counted(alice)) == (1, (1, 4))
