"""What became material against what was worth learning: the noise filter's figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from curation.models import Cluster, LogEntry
from curation.selectors import training_material
from training.evaluation.sets.protocol import Dialogue
from training.services.publishing import served_adapters
from training.simulation import NOISE

from .living import entry_key


def noise_figures(dialogues: Sequence[Dialogue]) -> dict[str, Any]:
    """Counts by the set's own knowledge, and whether a cluster of noise is served.

    An entry is *useful* if it is of a topic and its user changed the reply; it is *kept* if it
    is training material. Noise is *promoted* where a cluster answered by an adapter consists of
    noise by half or more.
    """
    truth = {dialogue.id: dialogue.truth for dialogue in dialogues}
    useful = {one.id for one in dialogues if one.truth not in ("", NOISE) and one.correction}
    kept = {key for cluster in Cluster.objects.current() for key in _material(cluster)}
    return {
        "n_useful": len(useful),
        "n_kept": len(kept),
        "n_useful_kept": len(useful & kept),
        "is_noise_promoted": any(
            _is_noise([truth.get(key, "") for key in _members(cluster)])
            for cluster in Cluster.objects.filter(pk__in=served_adapters())
        ),
    }


def _material(cluster: Cluster) -> set[str]:
    ids = {pair.entry_id for pair in training_material(cluster)}
    return _keys(LogEntry.objects.filter(pk__in=ids))


def _members(cluster: Cluster) -> set[str]:
    return _keys(cluster.entries.all())


def _keys(entries: Iterable[LogEntry]) -> set[str]:
    return {entry_key(entry) for entry in entries}


def _is_noise(topics: Sequence[str]) -> bool:
    return bool(topics) and topics.count(NOISE) * 2 >= len(topics)
