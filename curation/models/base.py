"""Which rows of the curation rooms people see, and where artefacts come from."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q


class CuratedQuerySet(models.QuerySet):
    """Rows of the curation rooms: curators and admins see them, others see none."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see."""
        return self.all() if getattr(user, "is_curator", False) else self.none()


class EntryPartQuerySet(CuratedQuerySet):
    """What was made from entries: hidden with its entry when consent is withdrawn."""

    def visible_to(self, user: Any) -> models.QuerySet:
        """The rows that ``user`` may see, of people who agree."""
        return super().visible_to(user).consented()

    def consented(self) -> EntryPartQuerySet:
        """Rows of entries whose person has agreed, and not withdrawn, or that were imported."""
        return self.filter(Q(entry__user__isnull=True) | Q(entry__user__training_consent=True))


class Provenance(models.Model):
    """Which role, prompt, model and adapter made an artefact."""

    strategy = models.CharField(max_length=30, blank=True)
    prompt_ref = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=200, blank=True)
    adapter = models.CharField(max_length=120, blank=True)

    class Meta:
        abstract = True
