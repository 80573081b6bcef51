"""How much of a conversation the model is shown."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from uno_site.inference.protocol import ChatMessage

#: Characters that one token stands for, at the least, in the languages we measured: a
#: careful figure, so that a conversation is cut before the engine has to refuse it.
CHARS_PER_TOKEN = 3
#: Tokens that a turn's frame costs in the chat template.
TOKENS_PER_TURN = 8


def fit_history(
    messages: Sequence[ChatMessage], *, max_tokens: int, context: int | None = None
) -> tuple[ChatMessage, ...]:
    """The newest turns that fit into the context beside a reply of ``max_tokens`` tokens.

    The last message always stays, and so does a system prompt at the beginning. What remains
    of the turns begins with one of the user, since chat templates expect that.
    """
    system = tuple(messages[:1]) if messages and messages[0].role == "system" else ()
    room = (context or settings.UNO.engine_context) - max_tokens - sum(map(_cost, system))
    kept: list[ChatMessage] = []
    for message in reversed(messages[len(system) :]):
        room -= _cost(message)
        if kept and room < 0:
            break
        kept.append(message)
    while len(kept) > 1 and kept[-1].role == "assistant":
        kept.pop()
    return (*system, *reversed(kept))


def room_left(messages: Sequence[ChatMessage], *, max_tokens: int) -> int:
    """Tokens that the context has left beside the conversation and a reply; may be negative."""
    taken = max_tokens + sum(map(_cost, messages))
    return int(settings.UNO.engine_context) - taken


def _cost(message: ChatMessage) -> int:
    """Tokens that a turn may take, at the most."""
    return len(message.content) // CHARS_PER_TOKEN + TOKENS_PER_TURN
