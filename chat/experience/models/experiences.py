"""What was learned: one note a row, with whom it serves, how it fared and what it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from uno_site.base_models import TimestampedModel

#: Characters of what a note is about, and of the note itself.
MAX_TRIGGER = 300
MAX_CONTENT = 1_000


class Scope(models.TextChoices):
    """Whose replies may be shown the note."""

    PRIVATE = "private", _("Mine alone")
    GROUP = "group", _("A group's")
    GLOBAL = "global", _("Everybody's")


class Kind(models.TextChoices):
    """What sort of knowledge it is."""

    RULE = "rule", _("Rule")
    STRATEGY = "strategy", _("Strategy")
    PITFALL = "pitfall", _("Pitfall")
    FACT = "fact", _("Fact")
    PREFERENCE = "preference", _("Preference")


class Status(models.TextChoices):
    """Where a note stands; only an active one is ever shown to the model."""

    CANDIDATE = "candidate", _("To review")
    ACTIVE = "active", _("In use")
    QUARANTINED = "quarantined", _("Set aside")
    SUPERSEDED = "superseded", _("Replaced")
    ARCHIVED = "archived", _("Archived")
    REJECTED = "rejected", _("Rejected")


class Source(models.TextChoices):
    """Which way a note came."""

    WRITTEN = "written", _("Written by hand")
    DISTILLED = "distilled", _("Learned from chats")
    RULE = "rule", _("An approved rule")
    IMPORTED = "imported", _("From a file")


class Matching(models.TextChoices):
    """Which questions a note is for."""

    MEANING = "meaning", _("Questions like this one")
    WORDS = "words", _("Questions with these words")
    ALWAYS = "always", _("Every question")


#: The ways that need no likeness.
WIDE = (Matching.WORDS, Matching.ALWAYS)


class ExperienceQuerySet(models.QuerySet):
    """Notes."""

    def visible_to(self, user: Any) -> ExperienceQuerySet:
        """Those that ``user`` may read: their own, and what serves them in use."""
        return self.filter(Q(owner=user) | (in_scope_of(user) & Q(status=Status.ACTIVE)))

    def in_scope_of(self, user: Any) -> ExperienceQuerySet:
        """Those that ``user`` may read where they were used: also shared ones set aside since."""
        return self.filter(in_scope_of(user))

    def owned_by(self, user: Any) -> ExperienceQuerySet:
        """Those that ``user`` may change."""
        return self.filter(scope=Scope.PRIVATE, owner=user)

    def searchable(self) -> ExperienceQuerySet:
        """Those that a store holds: what replies may be shown, but for the hours of a clock."""
        is_known = Q(origin=None) | Q(origin__is_on=True)
        return self.filter(is_known, status=Status.ACTIVE, is_in_adapter=False)

    def serving(self) -> ExperienceQuerySet:
        """Those that replies may be shown now, whoever asks."""
        now = timezone.now()
        is_valid = Q(invalid_at=None) | Q(invalid_at__gt=now)
        return self.searchable().filter(is_valid, valid_from__lte=now)

    def undisputed_by(self, user: Any) -> ExperienceQuerySet:
        """Without those that ``user`` said are wrong, of a reply or of the note by itself."""
        said = self.model._base_manager.filter(disputes__user=user)
        return self.exclude(pk__in=said.values("pk"))


def in_scope_of(user: Any) -> Q:
    """The condition on notes that replies to ``user`` may be shown."""
    groups = Q(scope=Scope.GROUP, group__in=user.groups.all())
    return Q(scope=Scope.PRIVATE, owner=user) | groups | Q(scope=Scope.GLOBAL)


class Experience(TimestampedModel):
    """One note. ``trigger`` says when it is of use; its embedding is what is searched, unless
    ``matching`` says that its words decide, or that it is for every question (the trigger is empty
    then, and the embedding the content's).

    ``vector`` is float32, little-endian, of length 1, in the space of ``embedder``, and so is
    ``content_vector``, the embedding of what the note says. Private notes
    have an ``owner``, a group's a ``group``, everybody's neither. ``importance`` is in [0, 1].
    ``helpful`` and ``harmful`` count settled uses (:class:`~chat.experience.models.uses.Use`).
    What was contradicted keeps its row: ``invalid_at`` says since when it no longer holds, and
    ``superseded_by`` what holds instead. ``rule`` names the curation rule that serves as this note
    (opaque here), and ``is_in_adapter`` whether an adapter has learned it meanwhile, so that it
    is no longer shown. ``origin`` and ``origin_row`` name the deployment that sent it and its id
    there, ``sent_hash`` the :func:`~chat.experience.services.embedding.text_hash` of what it sent
    last, whatever was made of it here. Ours leaves under ``shared_as``, or where that is None under
    its own id. ``reason`` says why it stands where it stands.
    """

    scope = models.CharField(max_length=8, choices=Scope, default=Scope.PRIVATE)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="experiences",
    )
    group = models.ForeignKey(
        "auth.Group", on_delete=models.CASCADE, null=True, blank=True, related_name="experiences"
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.FACT)
    trigger = models.CharField(max_length=MAX_TRIGGER, blank=True)
    matching = models.CharField(max_length=8, choices=Matching, default=Matching.MEANING)
    content = models.TextField(max_length=MAX_CONTENT)
    status = models.CharField(max_length=12, choices=Status, default=Status.CANDIDATE)
    reason = models.CharField(max_length=300, blank=True)
    flags = models.JSONField(default=list, blank=True)
    importance = models.FloatField(default=0.5)
    is_pinned = models.BooleanField(default=False)

    hits = models.PositiveIntegerField(default=0)
    helpful = models.PositiveIntegerField(default=0)
    harmful = models.PositiveIntegerField(default=0)
    last_used = models.DateTimeField(null=True, blank=True)

    valid_from = models.DateTimeField(default=timezone.now)
    invalid_at = models.DateTimeField(null=True, blank=True)
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="supersedes"
    )

    embedder = models.CharField(max_length=120, blank=True)
    vector = models.BinaryField(null=True, blank=True)
    content_vector = models.BinaryField(null=True, blank=True)

    source = models.CharField(max_length=10, choices=Source, default=Source.WRITTEN)
    distiller = models.CharField(max_length=200, blank=True)
    prompt_ref = models.CharField(max_length=80, blank=True)
    content_hash = models.CharField(max_length=64, blank=True, db_index=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    origin = models.ForeignKey(
        "Origin", on_delete=models.CASCADE, null=True, blank=True, related_name="experiences"
    )
    origin_row = models.UUIDField(null=True, blank=True)
    sent_hash = models.CharField(max_length=64, blank=True)
    shared_as = models.UUIDField(null=True, blank=True)
    rule = models.UUIDField(null=True, blank=True, db_index=True)
    is_in_adapter = models.BooleanField(default=False)

    objects = ExperienceQuerySet.as_manager()

    class Meta:
        ordering = ["-is_pinned", "-updated_at"]
        indexes = [
            models.Index(fields=["scope", "status", "embedder"], name="experience_serving"),
            models.Index(fields=["owner", "status", "-updated_at"], name="experience_of_owner"),
            models.Index(fields=["group", "status"], name="experience_of_group"),
            models.Index(fields=["matching", "scope", "owner"], name="experience_matching"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="private", owner__isnull=False, group__isnull=True)
                | Q(scope="group", owner__isnull=True, group__isnull=False)
                | Q(scope="global", owner__isnull=True, group__isnull=True),
                name="experience_belongs_to_its_scope",
            ),
            models.CheckConstraint(
                condition=Q(importance__gte=0, importance__lte=1), name="experience_importance"
            ),
            models.CheckConstraint(
                condition=Q(matching="always") | ~Q(trigger=""), name="experience_has_a_trigger"
            ),
            models.UniqueConstraint(
                fields=["origin", "origin_row"],
                condition=Q(origin__isnull=False),
                name="one_experience_per_row_of_an_origin",
            ),
        ]

    def __str__(self) -> str:
        return self.when[:80]

    @property
    def when(self) -> str:
        """When it is of use, in words."""
        is_always = self.matching == Matching.ALWAYS
        return str(Matching.ALWAYS.label) if is_always else self.trigger

    @property
    def vector_array(self) -> np.ndarray:
        """The embedding of ``trigger``, shape [d], float32."""
        return np.frombuffer(bytes(self.vector or b""), dtype="<f4")

    @property
    def is_serving(self) -> bool:
        """Whether its own status lets replies be shown it (its origin may yet be off)."""
        is_valid = self.invalid_at is None or self.invalid_at > timezone.now()
        return self.status == Status.ACTIVE and is_valid and not self.is_in_adapter


class StoreChange(models.Model):
    """One change that a search has to know of; the database's own triggers write it.

    ``experience_id`` None means that everything may have changed. Ids grow in the order of the
    commits, so that the latest tells whether what a process keeps in memory is still true;
    ``token`` is random, since an id that was rolled back may be given again.
    """

    id = models.BigAutoField(primary_key=True)
    experience_id = models.UUIDField(null=True)
    token = models.CharField(max_length=32)
    at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ["id"]
