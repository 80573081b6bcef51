"""Sending, regenerating, correcting and choosing among messages."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat import generation
from chat.models import (
    Conversation,
    Message,
    MessageOrigin,
    MessageRole,
    MessageState,
    TerminalAction,
)
from chat.selectors import deepest_leaf
from chat.services.api_log import reply_hash
from chat.services.broadcasting import broadcast
from chat.services.conversations import conversation_create, leaf_show, title_from
from chat.services.generations import generations_rescue
from chat.services.limits import clean_text, count_send
from chat.services.outcomes import outcome_act, outcome_edit, outcomes_abandon
from uno_site.errors import Conflict
from uno_site.inference.protocol import Sampling

#: How replies are drawn; the seed is drawn anew for each, so that regenerating helps.
REPLY_SAMPLING = Sampling(max_tokens=512, temperature=0.7, top_p=0.9, repeat_penalty=1.1)


@transaction.atomic
def message_send(
    *, user: Any, content: str, conversation: Conversation | None = None
) -> tuple[Message, Message]:
    """Add a message at the end of the shown branch and have the model answer it.

    Returns the message and its reply, which is being written.

    Raises
    ------
    InvalidInput
        An empty or too long message.
    TooManyMessages
        Too many within a minute.
    Conflict
        The reply before is still being written.
    """
    content = clean_text(content)
    count_send(user)
    if conversation is None:
        conversation = conversation_create(user=user)
    conversation = _locked(conversation)
    message = Message.objects.create(
        conversation=conversation,
        parent=conversation.leaf,
        role=MessageRole.USER,
        content=content,
    )
    if not conversation.title:
        conversation.title = title_from(content)
    # Whoever writes into an archived conversation has it back in the list.
    conversation.archived_at = None
    conversation.save(update_fields=["title", "archived_at"])
    return message, _reply_start(conversation, message)


@transaction.atomic
def message_revise(*, message: Message, content: str) -> tuple[Message, Message]:
    """Ask anew with an edited message: a sibling of the old one, answered by the model."""
    content = clean_text(content)
    count_send(message.conversation.user)
    if message.role != MessageRole.USER:
        raise Conflict(_("Only your own messages can be asked anew."))
    conversation = _locked(message.conversation)
    sibling = Message.objects.create(
        conversation=conversation,
        parent_id=message.parent_id,
        role=MessageRole.USER,
        content=content,
    )
    outcomes_abandon(message)
    return sibling, _reply_start(conversation, sibling)


@transaction.atomic
def message_regenerate(*, message: Message) -> Message:
    """Have the model answer once more: a sibling of ``message``, shown at once."""
    if message.role != MessageRole.ASSISTANT or message.parent is None:
        raise Conflict(_("Only a reply can be written anew."))
    if not message.parent.content.strip():
        raise Conflict(
            _("The question of this reply is empty."),
            remedy=_("Edit the question; it is answered then."),
        )
    count_send(message.conversation.user)
    conversation = _locked(message.conversation)
    outcome_act(message, TerminalAction.REGENERATE)
    return _reply_start(conversation, message.parent)


@transaction.atomic
def message_correct(*, message: Message, content: str) -> Message:
    """Keep the person's correction of a reply: a new sibling, shown instead of it.

    The reply itself stays as it was. Correcting a correction makes one more sibling, whose
    ``correction_of`` is the correction it came from.

    Raises
    ------
    Conflict
        Not a reply, or one that is still being written.
    InvalidInput
        Nothing was changed, or nothing is left.
    """
    content = clean_text(content)
    if message.role != MessageRole.ASSISTANT:
        raise Conflict(_("Only a reply can be corrected."))
    conversation = _locked(message.conversation)
    if message.state == MessageState.GENERATING:
        raise Conflict(_("The reply is still being written."), remedy=_("Stop it first."))
    if content == message.content.strip():
        raise Conflict(_("Nothing was changed."), remedy=_("Edit the text, or cancel."))
    correction = Message.objects.create(
        conversation=conversation,
        parent_id=message.parent_id,
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.CORRECTION,
        content=content,
        correction_of=message,
        path_hash=reply_hash(message.parent, content),
    )
    outcome_edit(message, correction)
    leaf_show(conversation=conversation, leaf=correction)
    broadcast(conversation.pk, {"type": "thread", "leaf": str(correction.pk)})
    return correction


@transaction.atomic
def message_show(*, message: Message) -> Message:
    """Show the branch through ``message``, down to its newest end; returns that end."""
    conversation = _locked(message.conversation)
    leaf = deepest_leaf(conversation.messages.all(), message)
    leaf_show(conversation=conversation, leaf=leaf)
    broadcast(conversation.pk, {"type": "thread", "leaf": str(leaf.pk)})
    return leaf


def message_stop(*, message: Message) -> None:
    """Ask whoever writes this reply, in whichever process, to stop."""
    Message.objects.filter(pk=message.pk, state=MessageState.GENERATING).update(
        is_stop_requested=True
    )
    generation.stop(message.pk)
    generations_rescue(message.conversation_id)


def _locked(conversation: Conversation) -> Conversation:
    """The conversation, for us alone until the transaction ends; nothing being written in it.

    Raises
    ------
    Conflict
        A reply of the shown branch is being written.
    """
    conversation = Conversation.objects.select_for_update().get(pk=conversation.pk)
    generations_rescue(conversation.pk)
    leaf = conversation.leaf
    if leaf is not None and leaf.state == MessageState.GENERATING:
        raise Conflict(
            _("The reply before is still being written."), remedy=_("Wait for it, or stop it.")
        )
    return conversation


def _reply_start(conversation: Conversation, parent: Message) -> Message:
    sampling = {
        **asdict(REPLY_SAMPLING),
        **conversation.sampling,
        "seed": secrets.randbelow(2**31),
        "stop": [],
    }
    reply = Message.objects.create(
        conversation=conversation,
        parent=parent,
        role=MessageRole.ASSISTANT,
        origin=MessageOrigin.MODEL,
        state=MessageState.GENERATING,
        sampling=sampling,
    )
    leaf_show(conversation=conversation, leaf=reply)
    transaction.on_commit(lambda: generation.launch(reply.pk))
    broadcast(conversation.pk, {"type": "thread", "leaf": str(reply.pk)})
    return reply
