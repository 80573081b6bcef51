"""What can go wrong in the training room."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from uno_site.errors import Conflict, UnoError


class TrainingFailed(UnoError):
    """The trainer ended without a result; the routes that are served go on."""

    code = "training_failed"
    status = 500


class PromotionRefused(Conflict):
    """An adapter that may not be served."""

    code = "promotion_refused"


class ReachRefused(PromotionRefused):
    """Routes that would take prompts which have nothing to do with them.

    ``cluster_ids`` are the clusters that would.
    """

    code = "reach_refused"

    def __init__(self, message: str, *, remedy: str, cluster_ids: Sequence[UUID]) -> None:
        super().__init__(message, remedy=remedy)
        self.cluster_ids = tuple(cluster_ids)
