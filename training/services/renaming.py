"""A cluster's name is made of people's words, and goes far: into runs, routes, adapters, answers.

Where it holds a word that only an erased person wrote, it is replaced in all bookkeeping; what
people wrote themselves is never touched.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model, TextField
from django.db.models.functions import Cast
from django.utils.text import slugify

from curation.models import Cluster, LogEntry
from curation.naming import name_clusters

BOOKKEEPING: dict[str, tuple[str, ...]] = {
    "curation.Cluster": ("name",),
    "curation.LogEntry": ("adapter",),
    "curation.Rule": ("adapter",),
    "curation.PreferencePair": ("adapter",),
    "curation.Candidate": ("adapter",),
    "chat.ServedRoute": ("cluster_name", "adapter_name", "adapter_path"),
    "chat.ShippedNotice": ("cluster_name",),
    "chat.Message": ("provenance",),
    "training.TrainingRun": ("cluster_name", "config"),
    "training.Adapter": ("name", "path"),
    "experience.Revision": ("before", "after"),
    "jobs.Job": ("params", "message", "log", "result"),
    "audit.AuditEvent": ("data",),
}
"""Where a cluster's name goes, by model."""
WORD = re.compile(r"\w+")


def clusters_rename(clusters: list[Cluster]) -> int:
    """Give new names to those clusters whose name has a word that none of their entries left
    holds; how many."""
    n_renamed = 0
    for cluster in clusters:
        texts = _texts(cluster)
        if not _is_theirs(cluster.name, texts):
            name = name_clusters([texts])[0] if texts else ""
            _replace(cluster.name, (name or f"Cluster {cluster.pk.hex[:8]}")[:120])
            n_renamed += 1
    return n_renamed


def _texts(cluster: Cluster) -> list[str]:
    entries = LogEntry.objects.usable().filter(cluster=cluster)
    rules = entries.exclude(rules=None).values_list("rules__text", flat=True)
    return [*entries.values_list("query", flat=True), *rules]


def _is_theirs(name: str, texts: list[str]) -> bool:
    left = {word for text in texts for word in WORD.findall(text.casefold())}
    return all(word in left for word in WORD.findall(name.casefold()))


def _replace(old: str, new: str) -> None:
    """The name, and as it stands in the names of adapters, in every row and every folder."""
    pairs = [(old, new), (slugify(old)[:60], slugify(new)[:60])]
    for before, after in [pair for pair in pairs if pair[0]]:
        for label, names in BOOKKEEPING.items():
            model = apps.get_model(label)
            known = {field.name for field in model._meta.concrete_fields}
            for name in known.intersection(names):
                _replace_in_rows(model, name, before, after)
        for path in Path(settings.DATA_DIR).glob(f"adapters/{before}-*"):
            path.rename(path.with_name(path.name.replace(before, after, 1)))


def _replace_in_rows(model: type[Model], name: str, before: str, after: str) -> None:
    rows = model._base_manager.annotate(as_text=Cast(name, TextField()))
    found = rows.filter(as_text__contains=before).values_list("pk", name)
    for key, value in list(found):
        model._base_manager.filter(pk=key).update(**{name: _replaced(value, before, after)})


def _replaced(value: Any, before: str, after: str) -> Any:
    """Text with the name replaced; in JSON, values that are the name, or an adapter's of it."""
    if isinstance(value, str):
        return value.replace(before, after)
    return _replaced_json(value, before, after)


def _replaced_json(value: Any, before: str, after: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced_json(one, before, after) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced_json(one, before, after) for one in value]
    if isinstance(value, str) and (value == before or f"{before}-" in value):
        return value.replace(before, after)
    return value
