"""Conversations, their messages (a tree), feedback on them, and the routes that are served."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from chat.arm_models import ArmTable, ConversationArm, ServedArm
from chat.outcome_models import ReplyOutcome, TerminalAction
from chat.personal_models import PersonalRoute, ReplyTokens
from chat.preference_models import Preference
from chat.route_models import RouteKind, RouteTable, ServedRoute, SharedRoute
from uno_site.base_models import TimestampedModel, UUIDModel

__all__ = [
    "ArmTable",
    "Conversation",
    "ConversationArm",
    "ConversationOrigin",
    "Feedback",
    "Folder",
    "Message",
    "MessageOrigin",
    "MessageRole",
    "MessageState",
    "OwnedQuerySet",
    "PersonalRoute",
    "Preference",
    "Reason",
    "ReplyOutcome",
    "ReplyTokens",
    "RouteKind",
    "RouteTable",
    "ServedArm",
    "ServedRoute",
    "SharedRoute",
    "ShippedNotice",
    "TerminalAction",
]


class OwnedQuerySet(models.QuerySet):
    """Rows that belong to one person; strangers see none of them."""

    owner_field = "user"

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see in the chat: their own."""
        return self.filter(**{self.owner_field: user})


class ConversationQuerySet(OwnedQuerySet):
    """Conversations of one person."""

    def current(self) -> ConversationQuerySet:
        """Those that were not put into the archive."""
        return self.filter(archived_at__isnull=True)

    def archived(self) -> ConversationQuerySet:
        """Those in the archive, the latest first."""
        return self.filter(archived_at__isnull=False).order_by("-archived_at")


class ConversationOrigin(models.TextChoices):
    """Which way a conversation came; log entries name it as their source."""

    CHAT = "chat", _lazy("The chat pages")
    API = "api", _lazy("The public API")


class Folder(TimestampedModel):
    """A name under which a person keeps conversations together; it goes with its last one."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="folders"
    )
    name = models.CharField(max_length=60)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="one_folder_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class Conversation(TimestampedModel):
    """A tree of messages; ``leaf`` is the end of the branch that is shown.

    ``system_prompt`` goes before its messages whenever the model is asked, and ``sampling``
    holds what differs from :data:`chat.services.messages.REPLY_SAMPLING`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations"
    )
    origin = models.CharField(
        max_length=10, choices=ConversationOrigin, default=ConversationOrigin.CHAT
    )
    title = models.CharField(max_length=120, blank=True)
    leaf = models.ForeignKey(
        "Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    is_pinned = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    folder = models.ForeignKey(
        Folder, on_delete=models.SET_NULL, null=True, blank=True, related_name="conversations"
    )
    system_prompt = models.TextField(blank=True)
    sampling = models.JSONField(default=dict, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["user", "-updated_at", "id"], name="conversation_of_user")]

    def __str__(self) -> str:
        return self.title or _("New conversation")


class MessageRole(models.TextChoices):
    SYSTEM = "system", _lazy("System")
    USER = "user", _lazy("User")
    ASSISTANT = "assistant", _lazy("Assistant")


class MessageOrigin(models.TextChoices):
    """Who wrote the text."""

    PERSON = "person", _lazy("Written by the user")
    MODEL = "model", _lazy("Written by the model")
    CORRECTION = "correction", _lazy("The user's correction of a reply")
    CLIENT = "client", _lazy("Sent along by an API client as an earlier reply")


class MessageState(models.TextChoices):
    GENERATING = "generating", _lazy("Being written")
    COMPLETE = "complete", _lazy("Complete")
    STOPPED = "stopped", _lazy("Stopped by the user")
    INTERRUPTED = "interrupted", _lazy("Cut off by a restart")
    FAILED = "failed", _lazy("Failed")


class MessageQuerySet(OwnedQuerySet):
    """Messages of one person's conversations."""

    owner_field = "conversation__user"


class Message(TimestampedModel):
    """One turn. Siblings share a parent: regenerated replies and corrections are siblings.

    ``correction_of`` names the reply that a correction corrects; the reply itself is never
    overwritten. ``provenance`` says why a reply came: see :class:`chat.serving.Provenance`.
    ``path_hash`` (API conversations only) stands for all turns up to this one: API clients
    send the whole conversation each time, and this tells where it goes on. ``is_withdrawn``
    is set where the person took the reply, and what they said about it, out of the learning.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="messages"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    role = models.CharField(max_length=10, choices=MessageRole)
    origin = models.CharField(max_length=10, choices=MessageOrigin, default=MessageOrigin.PERSON)
    state = models.CharField(max_length=12, choices=MessageState, default=MessageState.COMPLETE)
    content = models.TextField(blank=True)
    error = models.TextField(blank=True)
    correction_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="corrections"
    )
    served_route = models.ForeignKey(
        "ServedRoute", on_delete=models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    provenance = models.JSONField(default=dict, blank=True)
    sampling = models.JSONField(default=dict, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    is_stop_requested = models.BooleanField(default=False)
    path_hash = models.CharField(max_length=64, blank=True)
    is_withdrawn = models.BooleanField(default=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["conversation", "parent"]),
            models.Index(
                fields=["path_hash"], condition=~Q(path_hash=""), name="message_path_hash"
            ),
            models.Index(
                fields=["conversation"], condition=Q(is_withdrawn=True), name="message_withdrawn"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.content[:40]}"


class Reason(models.TextChoices):
    """Why a reply was good or bad: the keys are what is stored and exported."""

    INACCURATE = "inaccurate", _lazy("Not accurate")
    IGNORED_INSTRUCTIONS = "ignored_instructions", _lazy("Ignored instructions")
    STYLE = "style", _lazy("Style or tone")
    TOO_LONG = "too_long", _lazy("Too long")
    TOO_SHORT = "too_short", _lazy("Too short")
    UNHELPFUL = "unhelpful", _lazy("Not helpful")
    WRONGLY_REFUSED = "wrongly_refused", _lazy("Refused without reason")
    OTHER = "other", _lazy("Other")


class FeedbackQuerySet(OwnedQuerySet):
    """Feedback that one person gave."""


class Feedback(TimestampedModel):
    """A person's verdict on one reply: a thumb, reason keys and a comment."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback"
    )
    thumb = models.SmallIntegerField(choices=[(1, _lazy("Good")), (-1, _lazy("Bad"))])
    reasons = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["message", "user"], name="one_feedback_per_person")
        ]


class ShippedNotice(UUIDModel):
    """Tells a person, once, that an adapter which learned from their feedback is served."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shipped_notices"
    )
    adapter_id = models.UUIDField()
    cluster_name = models.CharField(max_length=120)
    n_entries = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "adapter_id"], name="one_notice_per_adapter")
        ]
