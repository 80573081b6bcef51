"""A person's queue: which of their interactions were, or are to be, learned from, and by what."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from chat.models import Feedback, Message, MessageRole
from uno_site.base_models import UUIDModel


class Mask(models.TextChoices):
    """Why an interaction teaches nothing (the keys of :data:`training.ml.rows.MASKS`)."""

    NONE = "", "It asks for something"
    SATISFIED = "satisfied", "The user was content"
    IRRELEVANT = "irrelevant", "About something else"


def is_heard(reply: str) -> Q:
    """Whether anything is said about the reply that the field ``reply`` names: an answer, a
    comment, or a rewriting."""
    answers = Message.objects.filter(parent=OuterRef(reply), role=MessageRole.USER)
    rewritten = Message.objects.filter(correction_of=OuterRef(reply))
    return Q(Exists(answers)) | _is_commented(reply) | Q(Exists(rewritten))


def _is_commented(reply: str) -> Q:
    return Q(Exists(Feedback.objects.filter(message=OuterRef(reply)).exclude(comment="")))


def _is_there() -> Q:
    """Whether the reply is still there to be learned from, and what was said about it."""
    is_kept = Q(has_comment=False) | _is_commented("reply")
    return Q(reply__isnull=False, reply__is_withdrawn=False) & is_heard("reply") & is_kept


def _is_free(run: str) -> Q:
    """Whether no adapter has learned it; what a failed run had taken is free again."""
    return Q(**{run: None}) | Q(**{f"{run}__state__in": ("failed", "cancelled")})


def _is_outdated() -> Q:
    """Whether something was said, or a thumb given, after it was judged."""
    since = OuterRef("judged_at")
    turns = Message.objects.filter(created_at__gt=since)
    answers = turns.filter(parent=OuterRef("reply"), role=MessageRole.USER)
    rewritten = turns.filter(correction_of=OuterRef("reply"))
    feedback = Feedback.objects.filter(message=OuterRef("reply"), updated_at__gt=since)
    said = Q(Exists(answers)) | Q(Exists(rewritten)) | Q(Exists(feedback))
    return Q(judged_at=None) | said


class InteractionQuerySet(models.QuerySet):
    """Interactions of one person or of all."""

    def visible_to(self, user: Any) -> InteractionQuerySet:
        """The rows that ``user`` may see: their own, whatever their role."""
        return self.filter(user=user)

    def waiting(self) -> InteractionQuerySet:
        """Those that no adapter has learned yet; what a failed run had taken waits again."""
        return self.filter(_is_free("run"), _is_there(), mask=Mask.NONE)

    def waiting_for_all(self) -> InteractionQuerySet:
        """Those of people who agree that the shared adapter has not learned yet, oldest first."""
        free = self.agreed().filter(_is_free("shared_run"), mask=Mask.NONE)
        return free.order_by("created_at")

    def agreed(self) -> InteractionQuerySet:
        """Those that may be in the shared adapter: still there, and their person still agrees."""
        return self.filter(_is_there(), user__is_active=True, user__training_consent=True)

    def changed(self) -> InteractionQuerySet:
        """Those that no adapter has learned yet, and of which more was said since they were
        judged."""
        is_free = _is_free("run") & _is_free("shared_run")
        return self.filter(is_free, _is_there(), _is_outdated())

    def gone(self) -> InteractionQuerySet:
        """Those whose reply was deleted, or taken out of the learning by its owner, and those
        of which what was said was taken back."""
        return self.filter(~_is_there())


class Interaction(UUIDModel):
    """One reply and what its owner said next (arXiv 2603.12273).

    The texts stay with the messages, so that nothing is left where these are deleted;
    ``reply_key`` remembers which reply it was. ``run`` is the run of the person's own adapter
    that learned from it, ``shared_run`` that of the shared one. ``judged_at`` is when ``mask``
    was last found, and ``has_comment`` whether there was a comment then.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="interactions"
    )
    reply = models.OneToOneField(
        "chat.Message", on_delete=models.SET_NULL, null=True, related_name="interaction"
    )
    reply_key = models.UUIDField(unique=True)
    mask = models.CharField(max_length=12, choices=Mask, default=Mask.NONE, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    has_comment = models.BooleanField(default=False)
    has_sampled_ids = models.BooleanField(default=False)
    run = models.ForeignKey(
        "training.TrainingRun",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="interactions",
    )
    shared_run = models.ForeignKey(
        "training.TrainingRun",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="shared_interactions",
    )
    created_at = models.DateTimeField()

    objects = InteractionQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["user", "created_at"], name="interaction_of_user")]

    def __str__(self) -> str:
        return f"Interaction {self.reply_key}"
