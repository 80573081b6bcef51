"""Living through a simulated deployment in this instance, by the product's own ways.

The plan and the people's reactions come from :mod:`training.simulation`; conversations,
replies, votes, corrections and follow-ups are made as the chat makes them. Used by
``learn_demo`` and ``demo``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from asgiref.sync import async_to_sync
from django.db import transaction

from chat.generation import generate
from chat.models import Message, MessageOrigin, MessageRole, MessageState
from chat.services.conversations import conversation_create, leaf_show, title_from
from chat.services.feedback import feedback_explain, feedback_vote
from chat.services.messages import REPLY_SAMPLING, message_correct
from training.simulation import PlannedEntry, SimulatedFeedback
from uno_site.accounts.models import User
from uno_site.errors import UnoError

#: Replies that are written at the same time, so that the engine batches.
N_AT_ONCE = 8
#: Nobody in the simulation waits for the end of an essay.
MAX_REPLY_TOKENS = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """A planned entry, and the reply that its user got."""

    entry: PlannedEntry
    reply: Message


def people(entries: Iterable[PlannedEntry]) -> dict[str, User]:
    """The simulated users by name, made where they are missing; they agree to training."""
    names = sorted({entry.user.name for entry in entries})
    return {name: _person(name) for name in names}


def _person(name: str) -> User:
    user, is_new = User.objects.get_or_create(
        username=name, defaults={"first_name": name.title(), "training_consent": True}
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def replay(
    entries: Sequence[PlannedEntry], on_done: Callable[[int, int], None] = lambda done, total: None
) -> list[Asked]:
    """Have every planned conversation: ask, get the model's reply, react to it.

    A conversation that was had before is found again and not repeated.

    Raises
    ------
    UnoError
        The model did not answer.
    """
    users = people(entries)
    lived = _had_before(entries, users)
    for asked in lived:
        if not _has_reaction(asked.reply):
            _react(asked, asked.entry)
    known = {asked.entry.id for asked in lived}
    new = [entry for entry in entries if entry.id not in known]
    for start in range(0, len(new), N_AT_ONCE):
        chunk = new[start : start + N_AT_ONCE]
        asked = [Asked(entry, _ask(users[entry.user.name], entry)) for entry in chunk]
        async_to_sync(_write_replies)([item.reply for item in asked])
        for item in asked:
            _react(item, item.entry)
        lived += asked
        on_done(len(lived), len(entries))
    return lived


def _had_before(entries: Sequence[PlannedEntry], users: dict[str, User]) -> list[Asked]:
    """The entries whose reply is there."""
    replies = Message.objects.filter(
        conversation__user__in=users.values(),
        origin=MessageOrigin.MODEL,
        state=MessageState.COMPLETE,
        parent__parent=None,
    ).select_related("parent", "conversation")
    by_question = {(row.conversation.user_id, row.parent.content): row for row in replies}
    found = [
        (entry, by_question.get((users[entry.user.name].pk, entry.prompt))) for entry in entries
    ]
    return [Asked(entry, reply) for entry, reply in found if reply is not None]


def _has_reaction(reply: Message) -> bool:
    return reply.feedback.exists() or reply.children.exists() or reply.corrections.exists()


@transaction.atomic
def _ask(user: User, entry: PlannedEntry) -> Message:
    """The user's message in a conversation of its own, and the reply's row to be written."""
    conversation = conversation_create(user=user)
    message = Message.objects.create(
        conversation=conversation, role=MessageRole.USER, content=entry.prompt
    )
    sampling = replace(REPLY_SAMPLING, max_tokens=MAX_REPLY_TOKENS, seed=entry.seed)
    reply = Message.objects.create(
        conversation=conversation,
        parent=message,
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.MODEL,
        state=MessageState.GENERATING,
        sampling=asdict(sampling) | {"stop": []},
    )
    conversation.title = title_from(entry.prompt)
    conversation.save(update_fields=["title"])
    leaf_show(conversation=conversation, leaf=reply)
    return reply


async def _write_replies(replies: Sequence[Message]) -> None:
    await asyncio.gather(*(generate(reply.pk) for reply in replies))


def _react(asked: Asked, entry: PlannedEntry) -> None:
    reply = asked.reply
    reply.refresh_from_db()
    if reply.state != MessageState.COMPLETE:
        raise UnoError(f"The model did not answer {entry.prompt!r}: {reply.error}")
    _give(reply, entry.react(reply.content))


@transaction.atomic
def _give(reply: Message, feedback: SimulatedFeedback) -> None:
    """Vote, explain, correct and go on, as far as the user did."""
    if feedback.thumb:
        row = feedback_vote(message=reply, thumb=1 if feedback.thumb == "up" else -1)
        if row is not None:
            feedback_explain(feedback=row, reasons=feedback.reasons, comment=feedback.comment)
    if feedback.follow_up:
        Message.objects.create(
            conversation=reply.conversation,
            parent=reply,
            role=MessageRole.USER,
            content=feedback.follow_up,
        )
    if feedback.correction and feedback.correction.strip() != reply.content.strip():
        message_correct(message=reply, content=feedback.correction)
