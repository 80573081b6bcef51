"""The arms of the late ensemble: policies that the chat tries, as they were published."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from uno_site.base_models import UUIDModel


class ArmTable(UUIDModel):
    """A published set of arms; a new adapter comes with a new table, and all costs begin anew."""

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
                fields=["is_active"], condition=Q(is_active=True), name="one_active_arm_table"
            )
        ]

    def __str__(self) -> str:
        return f"Arms v{self.version}"


class ServedArm(UUIDModel):
    """One policy that may answer: the base (no adapter), or an adapter that is opaque here.

    ``label`` is what people read. ``retired_at`` is set when its costs are clearly worse than
    the base's, or when it may not serve any more; the base itself is never retired.
    """

    table = models.ForeignKey(ArmTable, on_delete=models.CASCADE, related_name="arms")
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=60)
    adapter_id = models.UUIDField(null=True, blank=True)
    adapter_name = models.CharField(max_length=120, blank=True)
    adapter_version = models.PositiveIntegerField(null=True, blank=True)
    adapter_path = models.CharField(max_length=500, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["table", "position"]
        constraints = [
            models.UniqueConstraint(fields=["table", "adapter_name"], name="one_arm_per_adapter"),
            models.CheckConstraint(
                condition=~Q(adapter_name="") | Q(retired_at=None), name="base_arm_stays"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_base(self) -> bool:
        """Whether the base model answers by itself."""
        return not self.adapter_name


class ConversationArm(models.Model):
    """The arm that a conversation was given: it stays from turn to turn.

    ``probability`` in (0, 1] is that of the choice, holdout included; ``scope`` says whose costs
    it was made by: "user", "cluster", "global", or "holdout".
    """

    conversation = models.OneToOneField(
        "chat.Conversation", on_delete=models.CASCADE, primary_key=True, related_name="drawn_arm"
    )
    arm = models.ForeignKey(ServedArm, on_delete=models.CASCADE, related_name="conversations")
    probability = models.FloatField()
    scope = models.CharField(max_length=10)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.arm_id} for {self.conversation_id}"
