"""From logs to training data: entries, rules, answers, pairs, clusters, roles (UNO §1-3)."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Q

from chat.models import Message, RouteKind
from uno_site.base_models import TimestampedModel, UUIDModel


class CuratedQuerySet(models.QuerySet):
    """Rows of the curation rooms: curators and admins see them, others see none."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see."""
        return self.all() if getattr(user, "is_curator", False) else self.none()


class EntryPartQuerySet(CuratedQuerySet):
    """What was made from entries: hidden with its entry when consent is withdrawn."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see, of people who agree."""
        has_consent = Q(entry__user__isnull=True) | Q(entry__user__training_consent=True)
        return super().visible_to(user).filter(has_consent)


class Provenance(models.Model):
    """Which role, prompt, model and adapter made an artefact."""

    strategy = models.CharField(max_length=30, blank=True)
    prompt_ref = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=200, blank=True)
    adapter = models.CharField(max_length=120, blank=True)

    class Meta:
        abstract = True


class EntryState(models.TextChoices):
    PENDING = "pending", "Waiting to be distilled"
    DISTILLED = "distilled", "Distilled"
    NO_RULES = "no_rules", "Nothing to learn"
    FAILED = "failed", "Failed"


class EntryQuerySet(CuratedQuerySet):
    """Log entries."""

    def visible_to(self, user: Any) -> EntryQuerySet:
        """The entries that ``user`` may see, of people who agree."""
        return super().visible_to(user).consented()

    def consented(self) -> EntryQuerySet:
        """Entries whose person has agreed, and not withdrawn, or that were imported."""
        return self.filter(Q(user__isnull=True) | Q(user__training_consent=True))

    def usable(self) -> EntryQuerySet:
        """Entries that may become training material."""
        return self.consented().filter(is_excluded=False, state=EntryState.DISTILLED)


class LogEntry(TimestampedModel):
    """A frozen log: query, first response, feedback (UNO §1).

    ``messages`` is the context that ends with the user's query, ``feedback`` a list of
    ``{"kind": thumb|reason|comment|follow_up|edit, "text": str}`` in the order it came, and
    ``correction`` the user's own better answer, where there is one.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="log_entries"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="log_entries",
    )
    source = models.CharField(max_length=120, default="chat", db_index=True)
    external_id = models.CharField(max_length=120, blank=True)
    content_hash = models.CharField(max_length=64)
    messages = models.JSONField()
    query = models.TextField()
    response = models.TextField()
    feedback = models.JSONField(default=list)
    correction = models.TextField(null=True, blank=True)
    preferred_sibling = models.TextField(null=True, blank=True)
    label = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=10, blank=True)
    licence = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=200, blank=True)
    adapter = models.CharField(max_length=120, blank=True)

    state = models.CharField(
        max_length=10, choices=EntryState, default=EntryState.PENDING, db_index=True
    )
    flags = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=36, blank=True)
    is_excluded = models.BooleanField(default=False)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    query_embedding = models.BinaryField(null=True, blank=True)
    rules_embedding = models.BinaryField(null=True, blank=True)
    embedder = models.CharField(max_length=120, blank=True)
    cluster = models.ForeignKey(
        "Cluster", on_delete=models.SET_NULL, null=True, blank=True, related_name="entries"
    )
    cluster_distance = models.FloatField(null=True, blank=True)
    gap = models.FloatField(null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "log entries"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"],
                condition=~Q(external_id=""),
                name="one_entry_per_external_id",
            ),
            models.UniqueConstraint(
                fields=["message"], condition=Q(message__isnull=False), name="one_entry_per_message"
            ),
        ]

    def __str__(self) -> str:
        return self.query[:60]


class ReviewState(models.TextChoices):
    PROPOSED = "proposed", "To review"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    MERGED = "merged", "Merged into another"


class Reviewed(models.Model):
    """Something a curator decides on. ``flags`` name the checks it failed."""

    state = models.CharField(
        max_length=10, choices=ReviewState, default=ReviewState.PROPOSED, db_index=True
    )
    flags = models.JSONField(default=list, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    skipped_at = models.DateTimeField(null=True, blank=True)
    is_auto_approved = models.BooleanField(default=False)

    class Meta:
        abstract = True


class RuleKind(models.TextChoices):
    FEEDBACK = "feedback", "From feedback"
    PRIOR = "prior", "Prior (what the model would think of by itself)"


class Rule(TimestampedModel, Provenance, Reviewed):
    """One instruction that the feedback of one entry contains, or one of its prior rules.

    ``original_text`` is what the distiller wrote, when a curator has edited ``text``;
    ``embedding`` (of ``text``) is there once the rule was compared with the others.
    """

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=10, choices=RuleKind, default=RuleKind.FEEDBACK)
    text = models.TextField()
    original_text = models.TextField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    merged_into = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="merged"
    )
    novelty = models.FloatField(null=True, blank=True)
    embedding = models.BinaryField(null=True, blank=True)

    objects = EntryPartQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "position"]

    def __str__(self) -> str:
        return self.text[:80]


class Candidate(UUIDModel, Provenance):
    """A revised answer, with the judge's score (UNO §1)."""

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="candidates")
    text = models.TextField()
    seed = models.IntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    judge = models.CharField(max_length=60, blank=True)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-score"]


class PairSource(models.TextChoices):
    """Where ``chosen`` comes from, best first."""

    USER_EDIT = "user_edit", "The user's own edit"
    REGENERATED = "regenerated", "A regenerated reply the user preferred"
    REVISION = "revision", "A judged revision"


class PreferencePair(TimestampedModel, Provenance, Reviewed):
    """(prompt, chosen, rejected); the prompt is the entry's ``messages``."""

    entry = models.ForeignKey(LogEntry, on_delete=models.CASCADE, related_name="pairs")
    source = models.CharField(max_length=12, choices=PairSource)
    chosen = models.TextField()
    rejected = models.TextField()
    original_chosen = models.TextField(blank=True)
    score = models.FloatField(null=True, blank=True)

    objects = EntryPartQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "source"], name="one_pair_per_source")
        ]

    @property
    def is_human(self) -> bool:
        """Whether a person, not a model, said that ``chosen`` is better."""
        return self.source in (PairSource.USER_EDIT, PairSource.REGENERATED)


class ClusterQuerySet(CuratedQuerySet):
    """Clusters."""

    def current(self) -> ClusterQuerySet:
        """Clusters of the latest clustering."""
        return self.filter(retired_at__isnull=True)


class Cluster(TimestampedModel):
    """Entries alike in query and feedback (UNO §2), with their cognitive gap (UNO §3).

    A re-clustering keeps the row (and so the id and the history) of a cluster whose members
    mostly stayed together, and retires the others. ``gap_route`` is what the gap asks for;
    what is served stands in the route table.
    """

    name = models.CharField(max_length=120)
    centroid = models.BinaryField()
    distance_limit = models.FloatField(null=True, blank=True)
    params = models.JSONField(default=dict, blank=True)
    gap = models.FloatField(null=True, blank=True)
    gap_scorer = models.CharField(max_length=60, blank=True)
    gap_stats = models.JSONField(default=dict, blank=True)
    gap_route = models.CharField(max_length=10, choices=RouteKind, blank=True)
    is_noise = models.BooleanField(default=False)
    noise_reasons = models.JSONField(default=list, blank=True)
    is_excluded = models.BooleanField(default=False)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ClusterQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def centroid_vector(self) -> np.ndarray:
        """The centroid in query space, shape [d], float32."""
        return np.frombuffer(bytes(self.centroid), dtype="<f4")


class RoleName(models.TextChoices):
    """The jobs that a model does inside the loop."""

    DISTILLER = "distiller", "Distiller"
    REVISER = "reviser", "Reviser"
    JUDGE = "judge", "Judge"
    GAP_SCORER = "gap_scorer", "Gap scorer"
    CRITIC = "critic", "Critic"


class RoleBinding(TimestampedModel):
    """Which model does a role, and which strategy its last checks left standing.

    ``engine_url`` empty means the served model. ``requested`` is "auto" (the first strategy
    that passes its check, in the order of :data:`curation.roles.STRATEGIES`) or one strategy.
    """

    role = models.CharField(max_length=12, choices=RoleName, unique=True)
    engine_url = models.URLField(blank=True)
    engine_token = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    requested = models.CharField(max_length=30, default="auto")
    active = models.CharField(max_length=30, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["role"]


class RoleCheck(UUIDModel):
    """One strategy's result on its labelled check: ``figure`` in [0, 1] with its interval."""

    binding = models.ForeignKey(RoleBinding, on_delete=models.CASCADE, related_name="checks")
    strategy = models.CharField(max_length=30)
    model = models.CharField(max_length=200, blank=True)
    metric = models.CharField(max_length=60)
    figure = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField(default=0)
    bar = models.FloatField()
    has_passed = models.BooleanField()
    detail = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at"]


class CurationPolicy(models.Model):
    """The instance's one curation policy: what passes without a curator, and thresholds."""

    auto_approve_rules = models.JSONField(default=list, blank=True)
    auto_approve_pairs = models.JSONField(default=list, blank=True)
    gap_threshold = models.FloatField(default=0.45)
    clustering_rule = models.CharField(max_length=30, default="size_free")
    distil_on_feedback = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    @classmethod
    def current(cls) -> CurationPolicy:
        """The policy, made with the defaults on first use."""
        return cls.objects.get_or_create(pk=1)[0]
