"""What became of a reply: who answered, and what the person did with it (arXiv 2601.19055)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import UUIDModel


class TerminalAction(models.TextChoices):
    """The last thing a person did with a reply. None of them: the reply is *untouched*."""

    ACCEPT = "accept", _("Accepted")
    COPY = "copy", _("Copied")
    SEND = "send", _("Sent")
    EDIT = "edit", _("Edited")
    REGENERATE = "regenerate", _("Written anew")
    ABANDON = "abandon", _("Abandoned")


#: What says that a reply is used as it stands: only these make a cost of 0.
AFFIRMATIVE = (TerminalAction.ACCEPT, TerminalAction.COPY, TerminalAction.SEND)


class ReplyOutcomeQuerySet(models.QuerySet):
    """Outcomes of one person's replies or of all."""

    def visible_to(self, user: Any) -> ReplyOutcomeQuerySet:
        """The rows that ``user`` may see: their own, whatever their role."""
        return self.filter(user=user)

    def consented(self) -> ReplyOutcomeQuerySet:
        """Those that may be learned from: their person agrees, and did not take the reply out."""
        return self.filter(user__training_consent=True, message__is_withdrawn=False)

    def judged(self) -> ReplyOutcomeQuerySet:
        """Those with a cost; the others are missing, not free."""
        return self.filter(cost__isnull=False)


class ReplyOutcome(UUIDModel):
    """One reply, the policy that wrote it, and what its person made of it.

    The policy is ``model`` with ``adapter_name`` (empty: the base alone), on the level ``kind``
    of :mod:`chat.route_choice`. ``probability`` in (0, 1] is that with which this policy was
    chosen here; None where nobody knows. ``prompt_sha256`` is that of the messages as the engine
    was asked. ``cost`` >= 0 is the word-level edit cost, None while nobody said anything:
    an untouched reply is missing. ``n_edits`` of ``n_words`` words were changed, into
    ``correction``; ``preferences_read_at`` is when somebody looked what the edit says.
    """

    message = models.OneToOneField("chat.Message", on_delete=models.CASCADE, related_name="outcome")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reply_outcomes"
    )
    kind = models.CharField(max_length=10)
    model = models.CharField(max_length=200, blank=True)
    adapter_name = models.CharField(max_length=120, blank=True)
    arm = models.ForeignKey(
        "chat.ServedArm", on_delete=models.SET_NULL, null=True, blank=True, related_name="outcomes"
    )
    is_holdout = models.BooleanField(default=False)
    cluster_id = models.UUIDField(null=True, blank=True)
    probability = models.FloatField(null=True, blank=True)
    prompt_sha256 = models.CharField(max_length=64, blank=True)
    n_prompt_tokens = models.PositiveIntegerField(default=0)
    n_completion_tokens = models.PositiveIntegerField(default=0)
    action = models.CharField(max_length=10, choices=TerminalAction, blank=True)
    cost = models.FloatField(null=True, blank=True)
    n_edits = models.PositiveIntegerField(null=True, blank=True)
    n_words = models.PositiveIntegerField(default=0)
    correction = models.ForeignKey(
        "chat.Message", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    preferences_read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    acted_at = models.DateTimeField(null=True, blank=True)

    objects = ReplyOutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(fields=["arm", "user", "acted_at"], name="outcome_of_arm"),
            models.Index(
                fields=["acted_at"], condition=Q(cost__isnull=False), name="outcome_with_cost"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(cost=None) | Q(cost__gte=0), name="cost_is_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(cost=0) | Q(action__in=["accept", "copy", "send", "edit"]),
                name="cost_of_nothing_needs_an_act",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action or 'untouched'}: {self.policy}"

    @property
    def policy(self) -> str:
        """Base and adapter in one name."""
        return f"{self.model}+{self.adapter_name}" if self.adapter_name else self.model
