"""Episodes and notes for the tests of keeping."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from chat.experience.models import Episode, Evidence, Experience, Scope, Source, Status
from chat.experience.services.embedding import pack, text_hash
from chat.models import Conversation, Feedback, Message, MessageOrigin, MessageRole
from uno_site import engine_clients
from uno_site.accounts.models import User


def episode_of(
    user: User,
    query: str,
    reply: str,
    follow_up: str = "",
    *,
    correction: str = "",
    comment: str = "",
    thumb: int = 0,
    conversation: Conversation | None = None,
) -> Episode:
    """What a person asked, was told, and then said, ready to be learned from."""
    conversation = conversation or Conversation.objects.create(user=user, title="A chat")
    asked = _message(conversation, MessageRole.USER, query)
    told = _message(
        conversation, MessageRole.ASSISTANT, reply, parent=asked, origin=MessageOrigin.MODEL
    )
    last = told
    if follow_up:
        last = _message(conversation, MessageRole.USER, follow_up, parent=told)
    if correction:
        _message(
            conversation,
            MessageRole.ASSISTANT,
            correction,
            parent=asked,
            origin=MessageOrigin.CORRECTION,
            correction_of=told,
        )
    if comment or thumb:
        Feedback.objects.create(message=told, user=user, thumb=thumb or -1, comment=comment)
    return Episode.objects.create(
        user=user,
        conversation=conversation,
        message=told,
        first=asked,
        last=last,
        hash=hashlib.sha256(f"{query}{reply}{follow_up}".encode()).hexdigest(),
    )


def _message(conversation: Conversation, role: str, content: str, **values: Any) -> Message:
    return Message.objects.create(conversation=conversation, role=role, content=content, **values)


def note_of(
    owner: User | None,
    trigger: str,
    content: str,
    *,
    evidence: Episode | None = None,
    age_days: float = 2,
    **values: Any,
) -> Experience:
    """A note in use: a person's own, or everybody's where nobody owns it."""
    vector, said = engine_clients.served_client().embed([trigger, content])
    scope = Scope.PRIVATE if owner else Scope.GLOBAL
    defaults = {
        "scope": scope,
        "status": Status.ACTIVE,
        "source": Source.DISTILLED,
        "embedder": engine_clients.embedder_name(),
        "vector": pack(vector),
        "content_vector": pack(said),
        "content_hash": text_hash(trigger, content),
    }
    note = Experience.objects.create(
        owner=owner, trigger=trigger, content=content, **{**defaults, **values}
    )
    made = timezone.now() - timedelta(days=age_days)
    Experience.objects.filter(pk=note.pk).update(created_at=made, valid_from=made)
    note.refresh_from_db()
    if evidence:
        Evidence.objects.create(experience=note, episode=evidence, message=evidence.message)
    return note
