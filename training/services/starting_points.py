"""Which adapter a new run goes on from, and what that means for its validation and its future.

An adapter that goes on from another has learned from that one's log entries too. So they must
not be among the prompts that verification asks, and whoever withdraws taints both.

Who went on from whom is told by the registered path, which is one adapter's alone. The digest
is not: an expert that is served as it began has the weights of the common ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet

from curation.models import Cluster
from training.ml.warm_start import misfit
from training.models import (
    Adapter,
    AdapterKind,
    AdapterState,
    Split,
    TrainingExample,
    TrainingRun,
)

from .adapters import is_intact
from .material import COMMON_SPLIT, SPLIT, SplitPolicy, untrained_prompts

if TYPE_CHECKING:
    from curation.selectors import TrainingPair


START_EPOCH = 0
"""The number, among an expert's checkpoints, of the common ground that it began with."""


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """An adapter to go on from. ``trained`` are the entries that it and its forebears learned."""

    adapter: Adapter
    trained: frozenset[UUID]

    @property
    def policy(self) -> SplitPolicy:
        """How the pairs of a run that goes on from here are divided."""
        return COMMON_SPLIT if self.adapter.kind == AdapterKind.COMMON else SPLIT

    def as_config(self) -> dict[str, Any]:
        """The keys of the trainer's config."""
        return {"init_from": self.adapter.path, "init_sha256": self.adapter.sha256}


def starting_point(
    cluster: Cluster,
    kind: str,
    config: Mapping[str, Any],
    pairs: Sequence[TrainingPair],
    *,
    has_common_ground: bool = False,
) -> StartingPoint | None:
    """The cluster's served adapter, if there is new material and a run with ``config`` fits it;
    else, for an expert ``has_common_ground``, the adapter of what all topics have in common.

    Neither where too few prompts are left that it has not learned: a win on those that it has
    would prove nothing.
    """
    is_from_common = has_common_ground and kind == AdapterKind.EXPERT
    candidates = (_outgrown(cluster, kind, pairs), latest_common() if is_from_common else None)
    for adapter in candidates:
        if adapter is not None and (found := _fitting(adapter, kind, config, pairs)):
            return found
    return None


def _outgrown(cluster: Cluster, kind: str, pairs: Sequence[TrainingPair]) -> Adapter | None:
    """The cluster's served adapter, if there are pairs whose entries its run did not have."""
    served = Adapter.objects.filter(cluster=cluster, kind=kind, state=AdapterState.SERVED)
    adapter = served.filter(is_tainted=False).order_by("-version").first()
    if adapter is None:
        return None
    known = set(adapter.run.examples.values_list("entry_key", flat=True))
    return adapter if any(pair.entry_id not in known for pair in pairs) else None


def latest_common() -> Adapter | None:
    """The newest adapter of common ground that learned from nobody who withdrew."""
    found = Adapter.objects.filter(kind=AdapterKind.COMMON, is_tainted=False)
    return found.order_by("-created_at").first()


def common_start(run: TrainingRun) -> Adapter | None:
    """The adapter of common ground that a run began with; None where it began with another, or
    with nothing."""
    start = start_of(run)
    is_common = start is not None and start.kind == AdapterKind.COMMON and not start.is_tainted
    return start if start is not None and is_common and is_intact(start) else None


def start_of(run: TrainingRun) -> Adapter | None:
    """The adapter that a run went on from; None where it began with nothing, or it is gone."""
    path = run.config.get("init_from", "")
    return Adapter.objects.filter(path=path).first() if path else None


def _fitting(
    adapter: Adapter, kind: str, config: Mapping[str, Any], pairs: Sequence[TrainingPair]
) -> StartingPoint | None:
    """To go on from an adapter, if it is whole, fits, and leaves enough prompts to ask."""
    if not is_intact(adapter) or misfit(Path(adapter.path), config, kind, adapter.base_sha256):
        return None
    trained = trained_entries(adapter.run)
    is_provable = len(untrained_prompts(pairs, trained)) >= SPLIT.min_validation
    return StartingPoint(adapter, trained) if is_provable else None


def trained_entries(run: TrainingRun) -> frozenset[UUID]:
    """The entries that a run's adapter learned from, its forebears' included."""
    examples = TrainingExample.objects.filter(run__in=runs_behind(run), split=Split.TRAIN)
    return frozenset(examples.values_list("entry_key", flat=True))


def runs_behind(run: TrainingRun) -> set[UUID]:
    """The run, and the runs whose adapters it went on from."""
    runs = {run.pk}
    paths = {run.config.get("init_from", "")} - {""}
    while paths:
        parents = TrainingRun.objects.filter(adapters__path__in=paths).exclude(pk__in=runs)
        found = {parent.pk: parent.config.get("init_from", "") for parent in parents}
        runs |= set(found)
        paths = set(found.values()) - {""}
    return runs


def runs_from(adapter: Adapter) -> QuerySet[TrainingRun]:
    """The runs that went on from an adapter."""
    return TrainingRun.objects.filter(config__init_from=adapter.path)


def runs_after(adapters: Iterable[Adapter]) -> list[TrainingRun]:
    """The runs that went on from these adapters, and those that went on from what they made."""
    found: dict[UUID, TrainingRun] = {}
    waiting = list(adapters)
    while waiting:
        for later in runs_from(waiting.pop()):
            if later.pk not in found:
                found[later.pk] = later
                waiting += list(later.adapters.all())
    return list(found.values())


def is_tainted_start(run: TrainingRun) -> bool:
    """Whether the adapter that a run goes on from learned from logs that were withdrawn since."""
    start = start_of(run)
    return start is not None and start.is_tainted
