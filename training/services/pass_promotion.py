"""What a pass of the loop serves at its end: all that was accepted and may be served.

One cluster that was excluded meanwhile, or reaches too far, holds up none of the others; and what
a pass had accepted before it was broken off is served by the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curation.models import Cluster
from training.errors import PromotionRefused, ReachRefused
from training.models import Adapter, AdapterState, Promotion

from .learn_options import LearnOptions
from .promotion import promote
from .publishing import adapter_load, check_promotable
from .readiness import last_concluded_run
from .reporting import Reporter

PROMOTED = "Accepted by verification in a learning pass"
#: The job whose adapters are promoted without an admin's press.
PASS = "training.learn"  # noqa: S105 - a kind of job


def promote_within_reach(
    report: Reporter, by: Any, options: LearnOptions, accepted: Sequence[Adapter]
) -> Promotion | None:
    """Serve what was accepted, but for what must not be served and clusters that reach too far;
    None if nothing is left.

    Raises
    ------
    EngineUnreachable
        Nobody could try to load them; the next pass does.
    """
    fit = [adapter for adapter in accepted if _may_serve(adapter, report)]
    if not fit:
        return None
    try:
        return promote(fit, by, PROMOTED, is_wide_allowed=not options.is_reach_checked)
    except ReachRefused as refusal:
        report.log(f"not promoted: {refusal}")
        within = [one for one in fit if one.cluster_id not in refusal.cluster_ids]
        return promote_within_reach(report, by, options, within) if len(within) < len(fit) else None


def _may_serve(adapter: Adapter, report: Reporter) -> bool:
    try:
        check_promotable(adapter)
        adapter_load(adapter)
    except PromotionRefused as refusal:
        report.log(f"not promoted: {refusal}")
        return False
    return True


def left_over(cluster: Cluster) -> Adapter | None:
    """What the cluster's last pass had accepted and did not come to serve; None where it was
    served, or was to wait for an admin."""
    run = last_concluded_run(cluster)
    job = run.job if run is not None else None
    if job is None or job.kind != PASS or not job.params.get("promote", True):
        return None
    accepted = Adapter.objects.filter(
        cluster=cluster, run__job=job, state=AdapterState.ACCEPTED, is_tainted=False
    )
    return accepted.filter(promotions=None).order_by("-created_at").first()
