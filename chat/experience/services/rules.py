"""Approved rules and notes know each other: a rule serves as a note until an adapter knows it.

Rules are opaque here. Curation makes notes of them (``Experience.rule``), and whoever publishes
routes says which rules are in the adapters that are served.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from chat.experience.models import Experience, RevisionAction
from chat.experience.services.recording import revision_record, snapshot


@transaction.atomic
def rules_in_adapters_set(rules: Collection[UUID]) -> tuple[int, int]:
    """Retire the notes of ``rules``, which served adapters have learned, and bring back the notes
    of all other rules.

    Returns
    -------
    How many were retired, and how many came back.
    """
    of_rules = Experience.objects.exclude(rule=None).select_for_update()
    learned = list(of_rules.filter(rule__in=rules, is_in_adapter=False))
    lost = list(of_rules.filter(is_in_adapter=True).exclude(rule__in=rules))
    for rows, is_in_adapter in ((learned, True), (lost, False)):
        for row in rows:
            _set(row, is_in_adapter)
    return len(learned), len(lost)


def _set(row: Experience, is_in_adapter: bool) -> None:
    before = snapshot(row)
    row.is_in_adapter = is_in_adapter
    row.save(update_fields=["is_in_adapter", "updated_at"])
    action = RevisionAction.RETIRED if is_in_adapter else RevisionAction.RESTORED
    revision_record(row, action, before=before)
