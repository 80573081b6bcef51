"""Where notes are switched off: by a person for all their chats, or for one conversation.

The instance's switch is the run-time setting ``experience``. Without a row everything is as the
fields' defaults say.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from uno_site.base_models import TimestampedModel


class UserSwitch(TimestampedModel):
    """One person's choices: whether replies use notes (``is_on``), whether replies by the public
    API do as well (``is_api_on``), and whether notes are learned from their chats
    (``is_learning_on``; it means nothing without their consent to training).
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="experience_switch"
    )
    is_on = models.BooleanField(default=True)
    is_api_on = models.BooleanField(default=False)
    is_learning_on = models.BooleanField(default=True)


class ConversationSwitch(TimestampedModel):
    """One conversation's choice, where it is not the person's."""

    conversation = models.OneToOneField(
        "chat.Conversation", on_delete=models.CASCADE, related_name="experience_switch"
    )
    is_on = models.BooleanField(default=True)
