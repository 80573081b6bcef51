"""One person's own adapter in the chat: publishing it for them alone, and finding it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, ConversationOrigin, PersonalRoute, ReplyTokens
from uno_site.engine_clients import base_model_name
from uno_site.runtime.services import runtime_setting


def personal_route_of(conversation: Conversation) -> PersonalRoute | None:
    """The adapter that answers in this conversation because it is its owner's.

    None unless all is so: the person consented to learning and wants the adapter, the admins
    allow personal adapters, and it is a chat of their own. Conversations of the public API never
    have one: a program may ask in many people's names with one key.
    """
    is_chat = conversation.origin == ConversationOrigin.CHAT
    if not (is_chat and runtime_setting("personal_adapters")):
        return None
    if not conversation.user.has_personal_adapter_on:
        return None
    route = PersonalRoute.objects.filter(user=conversation.user_id).first()
    if route is not None:
        PersonalRoute.objects.filter(pk=route.pk).update(used_at=timezone.now())
    return route


@transaction.atomic
def personal_route_set(
    *, user: Any, adapter_id: UUID, name: str, version: int, path: str
) -> PersonalRoute:
    """Serve a version to its owner from now on; replies in progress end as they began."""
    values = {
        "adapter_id": adapter_id,
        "adapter_name": name,
        "adapter_version": version,
        "adapter_path": path,
        "used_at": timezone.now(),
    }
    route, _created = PersonalRoute.objects.update_or_create(user=user, defaults=values)
    return route


def personal_route_clear(user_id: UUID) -> bool:
    """Serve the person no adapter of their own any more; whether there was one."""
    return bool(PersonalRoute.objects.filter(user=user_id).delete()[0])


def reply_tokens_keep(message_id: UUID, token_ids: Sequence[int]) -> None:
    """Keep the exact tokens of a reply, where the engine told them."""
    if token_ids:
        values = {"model": base_model_name(), "ids": ReplyTokens.pack(token_ids)}
        ReplyTokens.objects.update_or_create(message_id=message_id, defaults=values)
