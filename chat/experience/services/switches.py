"""Where notes are switched on and off: the instance, a person, a conversation."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chat.experience.models import ConversationSwitch, UserSwitch
from chat.models import Conversation, ConversationOrigin
from uno_site.runtime.services import runtime_setting

SETTING = "experience"


def user_switch(user_id: Any) -> UserSwitch:
    """The person's choices; the defaults (not saved) where they made none."""
    return UserSwitch.objects.filter(user=user_id).first() or UserSwitch(user_id=user_id)


@transaction.atomic
def user_switch_set(*, user: Any, **choices: bool) -> UserSwitch:
    """Set some of the person's choices (see :class:`~chat.experience.models.UserSwitch`)."""
    switch, _created = UserSwitch.objects.get_or_create(user=user)
    for name in choices.keys() & {"is_on", "is_api_on", "is_learning_on"}:
        setattr(switch, name, choices[name])
    switch.save()
    return switch


def conversation_switch_set(*, conversation: Conversation, is_on: bool) -> ConversationSwitch:
    """Have replies of one conversation use notes, or not."""
    switch, _created = ConversationSwitch.objects.update_or_create(
        conversation=conversation, defaults={"is_on": is_on}
    )
    return switch


def is_on_for(conversation: Conversation) -> bool:
    """Whether replies of this conversation are shown notes."""
    if not runtime_setting(SETTING):
        return False
    own = ConversationSwitch.objects.filter(conversation=conversation).first()
    switch = user_switch(conversation.user_id)
    if conversation.origin == ConversationOrigin.API:
        return switch.is_on and switch.is_api_on
    return switch.is_on and (own is None or own.is_on)


def is_on_for_api(user: Any) -> bool:
    """Whether replies by the public API to this person's keys are shown notes."""
    switch = user_switch(user.pk)
    return bool(runtime_setting(SETTING) and switch.is_on and switch.is_api_on)
