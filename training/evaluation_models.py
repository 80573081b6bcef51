"""Methods compared on held-out prompts, and every answer that they gave."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel, UUIDModel
from uno_site.jobs.models import Job


class EvaluationQuerySet(models.QuerySet):
    """Evaluations are the admins' own."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see."""
        return self.all() if getattr(user, "is_admin", False) else self.none()


class EvaluationState(models.TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    STOPPED = "stopped", _("Stopped")


class Evaluation(TimestampedModel):
    """Methods compared on a set's held-out prompts.

    ``config`` is what was asked for (:class:`training.evaluation.config.EvaluationConfig`),
    ``config_hash`` its SHA-256: the same evaluation started again goes on. ``results`` is the
    summary (:func:`training.evaluation.summary.summarise`), renewed as answers come.
    """

    config = models.JSONField()
    config_hash = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=120)
    state = models.CharField(
        max_length=10, choices=EvaluationState, default=EvaluationState.RUNNING, db_index=True
    )
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="evaluations"
    )
    folder = models.CharField(max_length=500, blank=True)
    results = models.JSONField(default=dict, blank=True)
    seconds = models.FloatField(default=0.0)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.title


class EvaluationAnswer(UUIDModel):
    """One method's answer to one held-out prompt, with its scores.

    ``batch`` counts the batches of logs that had arrived (0 for methods that get all at once);
    ``kind`` is what answered: base, expert or critic.
    """

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="answers")
    method = models.CharField(max_length=40)
    seed = models.IntegerField()
    batch = models.PositiveSmallIntegerField(default=0)
    item = models.CharField(max_length=120)
    topic = models.CharField(max_length=60, blank=True)
    prompt = models.TextField()
    text = models.TextField(blank=True)
    scores = models.JSONField(default=dict)
    kind = models.CharField(max_length=10, blank=True)
    adapter = models.CharField(max_length=120, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    class Meta:
        ordering = ["seed", "item", "method", "batch"]
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "method", "seed", "batch", "item"],
                name="one_answer_per_item_and_method",
            )
        ]
