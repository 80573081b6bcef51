"""How ready a cluster is to be trained, and how long it would take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import F
from django.utils.translation import gettext as _

from curation.models import Cluster
from curation.selectors import TrainingPair, training_material
from training.models import CLUSTER_KINDS, RunState, TrainingRun

from .material import SPLIT, count_prompts
from .starting_points import is_tainted_start

#: Seconds for one pair and run on the reference model, 2 cores (docs/experiments.md), until
#: this instance has runs of its own to go by; verification included.
DEFAULT_SECONDS_PER_PAIR = 12.0
N_RUNS_FOR_ESTIMATE = 5


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a cluster has, lacks, and has not been trained on yet."""

    n_pairs: int
    n_prompts: int
    n_missing: int
    n_new: int
    blocked_because: str
    seconds: float

    @property
    def is_ready(self) -> bool:
        """Whether a run can be started."""
        return not self.blocked_because and self.n_missing == 0

    @property
    def share(self) -> float:
        """How far the minimum of prompts is reached, in [0, 1]."""
        return min(1.0, self.n_prompts / SPLIT.min_prompts)


def cluster_readiness(cluster: Cluster) -> Readiness:
    """Measure one cluster against :data:`training.services.material.SPLIT`."""
    pairs = training_material(cluster)
    n_prompts = count_prompts(pairs)
    return Readiness(
        n_pairs=len(pairs),
        n_prompts=n_prompts,
        n_missing=max(0, SPLIT.min_prompts - n_prompts),
        n_new=len({str(pair.pair_id) for pair in pairs} - _trained_pairs(cluster)),
        blocked_because=_blocked_because(cluster),
        seconds=len(pairs) * seconds_per_pair(),
    )


def _blocked_because(cluster: Cluster) -> str:
    if cluster.is_excluded:
        return _("A curator excluded it.")
    if cluster.is_noise:
        return _("It is flagged as noise.")
    return ""


def _trained_pairs(cluster: Cluster) -> set[str]:
    """Ids of the pairs that the cluster's last concluded run used; none where what it made, or
    began with, learned from somebody who withdrew: that is to be made anew."""
    run = last_concluded_run(cluster)
    if run is None or is_tainted_start(run) or run.adapters.filter(is_tainted=True).exists():
        return set()
    return {str(pair_id) for pair_id in run.examples.values_list("pair_id", flat=True)}


def last_concluded_run(cluster: Cluster) -> TrainingRun | None:
    """The cluster's latest run that verification accepted or refused."""
    concluded = (RunState.ACCEPTED, RunState.REFUSED)
    return TrainingRun.objects.filter(cluster=cluster, state__in=concluded).first()


def has_new_material(cluster: Cluster, pairs: Sequence[TrainingPair]) -> bool:
    """Whether the pairs differ from those that the last concluded run used."""
    return {str(pair.pair_id) for pair in pairs} != _trained_pairs(cluster)


def seconds_per_pair() -> float:
    """Seconds for one pair in the clusters' latest concluded runs here: the median, since a run
    that was paused overnight counts its pause."""
    runs = TrainingRun.objects.filter(
        kind__in=CLUSTER_KINDS,
        state__in=(RunState.ACCEPTED, RunState.REFUSED),
        started_at__isnull=False,
        finished_at__gt=F("started_at"),
    )[:N_RUNS_FOR_ESTIMATE]
    each = [
        (run.finished_at - run.started_at).total_seconds() / n_pairs
        for run in runs
        if (n_pairs := run.n_train + run.n_validation)
    ]
    return median(each) if each else DEFAULT_SECONDS_PER_PAIR
