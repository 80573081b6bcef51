"""One cluster of everything: what clustering is worth is measured by leaving it out."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from curation.ml.clustering import query_centroid
from curation.models import Cluster, LogEntry
from curation.selectors import entry_rules
from curation.vectors import pack_vector, unpack_rows

NAME = "Everything"


@transaction.atomic
def clusters_unite() -> int:
    """Put every usable entry that has rules into one cluster that reaches everywhere; how many.

    The clusters that were there are retired. The next clustering parts the entries again.
    """
    usable = LogEntry.objects.usable().exclude(query_embedding=None)
    rules = entry_rules(usable.values_list("pk", flat=True))
    entries = [entry for entry in usable if entry.pk in rules]
    if not entries:
        return 0
    now = timezone.now()
    Cluster.objects.current().update(retired_at=now, updated_at=now)
    rows = unpack_rows(entry.query_embedding for entry in entries)
    united = Cluster.objects.create(
        name=NAME, centroid=pack_vector(query_centroid(rows)), params={"rule": "united"}
    )
    for entry in entries:
        entry.cluster, entry.cluster_distance = united, None
    LogEntry.objects.bulk_update(entries, ["cluster", "cluster_distance"], batch_size=200)
    return len(entries)
