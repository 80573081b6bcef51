"""Whose feedback a promoted adapter learned from, so that they can be told."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count

from chat.services.notices import NoticeSpec, notices_publish
from training.models import Adapter, Split, TrainingExample


def shipping_tell(adapters: Sequence[Adapter]) -> int:
    """Publish a notice to everybody whose entries trained one of ``adapters``; how many."""
    specs = [spec for adapter in adapters for spec in _specs(adapter)]
    notices_publish(specs)
    return len(specs)


def _specs(adapter: Adapter) -> list[NoticeSpec]:
    learned = TrainingExample.objects.filter(
        run=adapter.run_id,
        split=Split.TRAIN,
        taken_back_at__isnull=True,
        entry__user__training_consent=True,
    )
    counts = learned.values("entry__user").annotate(n=Count("entry", distinct=True))
    name = adapter.cluster.name if adapter.cluster else adapter.run.cluster_name
    return [NoticeSpec(row["entry__user"], adapter.pk, name, row["n"]) for row in counts]
