"""What the chat's tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat import generation
from chat.models import Conversation, Message
from tests.factories import ConversationFactory, ReplyFactory
from uno_site.accounts.models import User


@pytest.fixture
def conversation(alice: User) -> Conversation:
    """A conversation of alice's with a question and its reply."""
    conversation = ConversationFactory(user=alice)
    conversation.leaf = ReplyFactory(
        conversation=conversation, parent__content="How do I sleep better?", content="Sleep more."
    )
    conversation.save()
    return conversation


@pytest.fixture
def reply(conversation: Conversation) -> Message:
    """The reply at the end of alice's conversation."""
    return conversation.leaf


@pytest.fixture
def serve_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], Any]:
    """Let the web process's replies be written by the given client."""

    def serve(client: Any) -> Any:
        monkeypatch.setattr(generation, "engine_client", lambda: client)
        monkeypatch.setattr(generation, "BEAT_SECONDS", 0.05)
        monkeypatch.setattr(generation, "SHOW_SECONDS", 0.0)
        return client

    return serve


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The ids of replies that would be written; nothing is."""
    ids: list[Any] = []
    monkeypatch.setattr(generation, "launch", ids.append)
    return ids
