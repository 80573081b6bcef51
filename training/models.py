"""Training runs, the adapters they make, their verification, and what was promoted (UNO §4-6)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.models import RouteTable
from curation.models import Cluster, LogEntry, PreferencePair
from training.evaluation_models import Evaluation, EvaluationAnswer, EvaluationState
from training.personal_models import Interaction, Mask
from uno_site.base_models import TimestampedModel, UUIDModel
from uno_site.jobs.models import Job

__all__ = [
    "CLUSTER_KINDS",
    "CLUSTER_KIND_CHOICES",
    "SERVING_STATES",
    "Adapter",
    "AdapterKind",
    "AdapterState",
    "Evaluation",
    "EvaluationAnswer",
    "EvaluationState",
    "Interaction",
    "Mask",
    "PersonalQuerySet",
    "Promotion",
    "PromotionAction",
    "RunState",
    "Split",
    "TrainingExample",
    "TrainingQuerySet",
    "TrainingRun",
    "Verification",
    "VerificationQuerySet",
]


class TrainingQuerySet(models.QuerySet):
    """Rows of the training rooms: curators may read them, admins act on them."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see."""
        return self.all() if getattr(user, "is_curator", False) else self.none()


class PersonalQuerySet(TrainingQuerySet):
    """Rows of which some are one person's: curators do not see those, admins do."""

    owner_field = "owner_key"
    kind_field = "kind"

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see on the training screens."""
        rows = super().visible_to(user)
        return rows if getattr(user, "is_admin", False) else rows.filter(**{self.owner_field: None})

    def personal(self, owner_key: Any) -> models.QuerySet:
        """One person's own rows, newest first."""
        return self.filter(**{self.owner_field: owner_key}).order_by("-created_at")

    def shared(self) -> models.QuerySet:
        """The shared adapter's rows, newest first."""
        shared = {self.owner_field: None, self.kind_field: AdapterKind.HINDSIGHT}
        return self.filter(**shared).order_by("-created_at")


class VerificationQuerySet(PersonalQuerySet):
    """Verifications go with their run."""

    owner_field = "run__owner_key"
    kind_field = "run__kind"


class AdapterKind(models.TextChoices):
    EXPERT = "expert", _("Expert")
    CRITIC = "critic", _("Critic")
    HINDSIGHT = "hindsight", _("Hindsight")
    SFT = "sft", _("SFT on edits")
    DPO = "dpo", _("DPO on edits")
    ENSEMBLE = "ensemble", _("Early ensemble")
    COST = "cost", _("Cost learning")
    COMMON = "common", _("Common ground")


#: The kinds that a cluster's corrections train.
CLUSTER_KINDS = (AdapterKind.EXPERT, AdapterKind.CRITIC)
CLUSTER_KIND_CHOICES = [(kind.value, kind.label) for kind in CLUSTER_KINDS]


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    TRAINING = "training", _("Training")
    TRAINED = "trained", _("Trained, to be verified")
    VERIFYING = "verifying", _("Verifying")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused by verification")
    PAUSED = "paused", _("Paused")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class TrainingRun(TimestampedModel):
    """One training of one adapter. ``folder`` holds config, metrics, checkpoints.

    It is a cluster's, or (``owner_key``) one person's; ``owner`` is gone when that person is.
    One of the kind ``hindsight`` without an owner is the shared adapter's.
    """

    cluster = models.ForeignKey(
        Cluster, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    cluster_name = models.CharField(max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    owner_key = models.UUIDField(null=True, blank=True, db_index=True)
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
    is_pause_requested = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PersonalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} for {self.cluster_name}"


class Split(models.TextChoices):
    TRAIN = "train", _("Training")
    VALIDATION = "validation", _("Validation")


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
    CANDIDATE = "candidate", _("Not yet verified")
    ACCEPTED = "accepted", _("Accepted, ready to promote")
    REFUSED = "refused", _("Refused")
    CANARY = "canary", _("Served to a share")
    SERVED = "served", _("Served")
    RETIRED = "retired", _("Retired")


SERVING_STATES = (AdapterState.CANARY, AdapterState.SERVED)


class Adapter(TimestampedModel):
    """A LoRA adapter: the checkpoint that verification chose. ``path`` is its PEFT folder.

    ``owner_key`` is the person's whose own it is, and who alone is served it; None: a cluster's,
    or, of the kind ``hindsight``, the shared one.

    ``is_tainted`` is set when somebody whose log it learned from withdrew or deleted it.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="adapters")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.SET_NULL, null=True, blank=True, related_name="adapters"
    )
    owner_key = models.UUIDField(null=True, blank=True, db_index=True)
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

    objects = PersonalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Verification(TimestampedModel):
    """The simulated performance verifier's result for a run (UNO §4).

    ``epochs`` is a list of ``{"epoch", "win_rate", "low", "high", "n_wins", "n_ties", …}``;
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

    objects = VerificationQuerySet.as_manager()


class PromotionAction(models.TextChoices):
    PROMOTE = "promote", _("Promoted")
    ROLLBACK = "rollback", _("Rolled back")
    RETIRE = "retire", _("Retired")
    CANARY = "canary", _("Canary started")
    SHARE = "share", _("Canary's share changed")
    STOP = "stop", _("Canary rolled back")


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
