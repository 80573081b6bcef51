"""What the held-out prompts of all topics showed of the common ground that they began with.

Every expert that begins with it has it judged on its own prompts first, as epoch 0
(:mod:`.verification`); here these judgements are put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.ml.shared_evidence import decide_together
from training.ml.verify import CheckpointScore
from training.models import RunState, TrainingRun, Verification

from .gate import current_verifier
from .starting_points import START_EPOCH, common_start


def shown_elsewhere(run: TrainingRun) -> list[CheckpointScore]:
    """How what a run began with did on the prompts of each other cluster that began with it too:
    by the newest verification of each, in no particular order."""
    start = common_start(run)
    if start is None:
        return []
    found = Verification.objects.filter(
        run__config__init_from=start.path, run__cluster__retired_at=None
    ).exclude(run__cluster=run.cluster_id)
    newest = {one.run.cluster_id: one for one in found.select_related("run").order_by("created_at")}
    scores = [_start_score(one) for one in newest.values()]
    return [score for score in scores if score is not None]


def may_keep_start(run: TrainingRun) -> bool:
    """Whether a refused run would be accepted by what other clusters have shown since."""
    verification = Verification.objects.filter(run=run).first()
    own = _start_score(verification) if verification else None
    if run.state != RunState.REFUSED or own is None or not _start_row(verification)["is_healthy"]:
        return False
    return decide_together(own, shown_elsewhere(run), current_verifier()) is not None


def _start_row(verification: Verification | None) -> Mapping[str, Any]:
    rows = verification.epochs if verification else []
    return next((row for row in rows if row["epoch"] == START_EPOCH), {})


def _start_score(verification: Verification) -> CheckpointScore | None:
    """The score of epoch 0; None where it was not judged."""
    row = _start_row(verification)
    if not row or row["n_wins"] is None:
        return None
    counted = row["n_wins"] + row["n_ties"] + row["n_guarded"]
    return CheckpointScore(
        epoch=START_EPOCH,
        n_wins=row["n_wins"],
        n_ties=row["n_ties"],
        n_losses=verification.n_prompts - counted,
        n_guarded=row["n_guarded"],
        mean_score=row["mean_score"],
    )
