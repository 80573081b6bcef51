"""Training runs, the adapters they make, their verification, and what was promoted (UNO §4-6)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from chat.models import RouteTable
from curation.models import Cluster, LogEntry, PreferencePair
from uno_site.base_models import TimestampedModel, UUIDModel
from uno_site.jobs.models import Job


class TrainingQuerySet(models.QuerySet):
    """Rows of the training rooms: curators may read them, admins act on them."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see."""
        return self.all() if getattr(user, "is_curator", False) else self.none()


class AdapterKind(models.TextChoices):
    EXPERT = "expert", "Expert"
    CRITIC = "critic", "Critic"


class RunState(models.TextChoices):
    QUEUED = "queued", "Queued"
    TRAINING = "training", "Training"
    TRAINED = "trained", "Trained, to be verified"
    VERIFYING = "verifying", "Verifying"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused by verification"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class TrainingRun(TimestampedModel):
    """One training of one cluster's adapter. ``folder`` holds config, metrics, checkpoints."""

    cluster = models.ForeignKey(
        Cluster, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    cluster_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=AdapterKind)
    state = models.CharField(
        max_length=10, choices=RunState, default=RunState.QUEUED, db_index=True
    )
    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    config = models.JSONField(default=dict)
    seed = models.IntegerField(default=0)
    folder = models.CharField(max_length=500, blank=True)
    base_model = models.CharField(max_length=200, blank=True)
    base_sha256 = models.CharField(max_length=64, blank=True)
    data_hash = models.CharField(max_length=64, blank=True)
    n_train = models.PositiveIntegerField(default=0)
    n_validation = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} for {self.cluster_name}"


class Split(models.TextChoices):
    TRAIN = "train", "Training"
    VALIDATION = "validation", "Validation"


class TrainingExample(UUIDModel):
    """Which entry and pair a run used: the way back from an adapter to a person's message.

    ``taken_back_at`` is set when its row left the run's folder after a withdrawal.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="examples")
    entry = models.ForeignKey(
        LogEntry, on_delete=models.SET_NULL, null=True, related_name="training_examples"
    )
    entry_key = models.UUIDField()
    pair = models.ForeignKey(
        PreferencePair, on_delete=models.SET_NULL, null=True, related_name="training_examples"
    )
    split = models.CharField(max_length=10, choices=Split)
    taken_back_at = models.DateTimeField(null=True, blank=True)


class AdapterState(models.TextChoices):
    CANDIDATE = "candidate", "Not yet verified"
    ACCEPTED = "accepted", "Accepted, ready to promote"
    REFUSED = "refused", "Refused"
    SERVED = "served", "Served"
    RETIRED = "retired", "Retired"


class Adapter(TimestampedModel):
    """A LoRA adapter: the checkpoint that verification chose. ``path`` is its PEFT folder.

    ``is_tainted`` is set when somebody whose log it learned from withdrew or deleted it.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="adapters")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.SET_NULL, null=True, blank=True, related_name="adapters"
    )
    kind = models.CharField(max_length=10, choices=AdapterKind)
    name = models.CharField(max_length=120, unique=True)
    version = models.PositiveIntegerField()
    epoch = models.PositiveIntegerField()
    path = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    base_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=AdapterState, default=AdapterState.CANDIDATE)
    is_tainted = models.BooleanField(default=False)
    taint_reason = models.CharField(max_length=300, blank=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Verification(TimestampedModel):
    """The simulated performance verifier's result for a run (UNO §4).

    ``epochs`` is a list of ``{"epoch", "win_rate", "n_wins", "n_ties", "n_guarded"}``;
    ``samples`` a list of ``{"query", "base", "adapter", "reference", "outcome"}``;
    ``judge_check`` the judge's accuracy on the deployment's human pairs, with its interval.
    """

    run = models.OneToOneField(TrainingRun, on_delete=models.CASCADE, related_name="verification")
    adapter = models.ForeignKey(
        Adapter, on_delete=models.SET_NULL, null=True, blank=True, related_name="verifications"
    )
    judge = models.CharField(max_length=60)
    judge_check = models.JSONField(default=dict)
    n_prompts = models.PositiveIntegerField(default=0)
    threshold = models.FloatField()
    best_epoch = models.PositiveIntegerField(null=True, blank=True)
    win_rate = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    is_accepted = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    epochs = models.JSONField(default=list)
    samples = models.JSONField(default=list)
    health = models.JSONField(default=dict)

    objects = TrainingQuerySet.as_manager()


class PromotionAction(models.TextChoices):
    PROMOTE = "promote", "Promoted"
    ROLLBACK = "rollback", "Rolled back"
    RETIRE = "retire", "Retired"


class Promotion(UUIDModel):
    """One publication of a route table, and what caused it."""

    action = models.CharField(max_length=10, choices=PromotionAction)
    table = models.OneToOneField(RouteTable, on_delete=models.CASCADE, related_name="promotion")
    previous_table = models.ForeignKey(
        RouteTable, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    restored_table = models.ForeignKey(
        RouteTable, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    adapters = models.ManyToManyField(Adapter, blank=True, related_name="promotions")
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(auto_now_add=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
