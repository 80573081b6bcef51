"""Conversations, their messages (a tree), feedback on them, and the routes that are served."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Q

from uno_site.base_models import TimestampedModel, UUIDModel


class OwnedQuerySet(models.QuerySet):
    """Rows that belong to one person; strangers see none of them."""

    owner_field = "user"

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see in the chat: their own."""
        return self.filter(**{self.owner_field: user})


class ConversationQuerySet(OwnedQuerySet):
    """Conversations of one person."""


class ConversationOrigin(models.TextChoices):
    """Which way a conversation came; log entries name it as their source."""

    CHAT = "chat", "The chat pages"
    API = "api", "The public API"


class Conversation(TimestampedModel):
    """A tree of messages; ``leaf`` is the end of the branch that is shown."""

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

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]

    def __str__(self) -> str:
        return self.title or "New conversation"


class MessageRole(models.TextChoices):
    SYSTEM = "system", "System"
    USER = "user", "User"
    ASSISTANT = "assistant", "Assistant"


class MessageOrigin(models.TextChoices):
    """Who wrote the text."""

    PERSON = "person", "Written by the user"
    MODEL = "model", "Written by the model"
    CORRECTION = "correction", "The user's correction of a reply"
    CLIENT = "client", "Sent along by an API client as an earlier reply"


class MessageState(models.TextChoices):
    GENERATING = "generating", "Being written"
    COMPLETE = "complete", "Complete"
    STOPPED = "stopped", "Stopped by the user"
    INTERRUPTED = "interrupted", "Cut off by a restart"
    FAILED = "failed", "Failed"


class MessageQuerySet(OwnedQuerySet):
    """Messages of one person's conversations."""

    owner_field = "conversation__user"


class Message(TimestampedModel):
    """One turn. Siblings share a parent: regenerated replies and corrections are siblings.

    ``correction_of`` names the reply that a correction corrects; the reply itself is never
    overwritten. ``provenance`` says why a reply came: see :class:`chat.serving.Provenance`.
    ``path_hash`` (API conversations only) stands for all turns up to this one: API clients
    send the whole conversation each time, and this tells where it goes on.
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

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["conversation", "parent"]),
            models.Index(
                fields=["path_hash"], condition=~Q(path_hash=""), name="message_path_hash"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.content[:40]}"


class Reason(models.TextChoices):
    """Why a reply was good or bad: the keys are what is stored and exported."""

    INACCURATE = "inaccurate", "Not accurate"
    IGNORED_INSTRUCTIONS = "ignored_instructions", "Ignored instructions"
    STYLE = "style", "Style or tone"
    TOO_LONG = "too_long", "Too long"
    TOO_SHORT = "too_short", "Too short"
    UNHELPFUL = "unhelpful", "Not helpful"
    WRONGLY_REFUSED = "wrongly_refused", "Refused without reason"
    OTHER = "other", "Other"


class FeedbackQuerySet(OwnedQuerySet):
    """Feedback that one person gave."""


class Feedback(TimestampedModel):
    """A person's verdict on one reply: a thumb, reason keys and a comment."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="feedback")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback"
    )
    thumb = models.SmallIntegerField(choices=[(1, "Good"), (-1, "Bad")])
    reasons = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["message", "user"], name="one_feedback_per_person")
        ]


class RouteTable(UUIDModel):
    """A published version of all routes. It is never changed; rolling back publishes again."""

    version = models.PositiveIntegerField(unique=True)
    is_active = models.BooleanField(default=False)
    note = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_route_table"
            )
        ]

    def __str__(self) -> str:
        return f"Routes v{self.version}"


class RouteKind(models.TextChoices):
    """How a query is answered (UNO §6)."""

    EXPERT = "expert", "Expert"
    CRITIC = "critic", "Critic"
    BASE = "base", "Base model"


class ServedRoute(UUIDModel):
    """One cluster's way to an answer, as published: everything that serving needs.

    ``cluster_id`` and ``adapter_id`` are opaque here: the chat knows nothing of curation
    or training. ``centroid`` is float32, little-endian, in query space.
    """

    table = models.ForeignKey(RouteTable, on_delete=models.CASCADE, related_name="routes")
    cluster_id = models.UUIDField(db_index=True)
    cluster_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=RouteKind, default=RouteKind.BASE)
    centroid = models.BinaryField()
    distance_limit = models.FloatField(null=True, blank=True)
    adapter_id = models.UUIDField(null=True, blank=True)
    adapter_name = models.CharField(max_length=120, blank=True)
    adapter_version = models.PositiveIntegerField(null=True, blank=True)
    adapter_path = models.CharField(max_length=500, blank=True)
    rules = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["cluster_name"]
        constraints = [
            models.UniqueConstraint(fields=["table", "cluster_id"], name="one_route_per_cluster"),
            models.CheckConstraint(
                condition=Q(kind="base") | ~Q(adapter_name=""), name="route_has_its_adapter"
            ),
        ]

    @property
    def centroid_vector(self) -> np.ndarray:
        """The centroid, shape [d], float32."""
        return np.frombuffer(bytes(self.centroid), dtype="<f4")
