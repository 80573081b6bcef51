"""What can go wrong in the training room."""

from __future__ import annotations

from uno_site.errors import Conflict, UnoError


class TrainingFailed(UnoError):
    """The trainer ended without a result; the routes that are served go on."""

    code = "training_failed"
    status = 500


class PromotionRefused(Conflict):
    """An adapter that may not be served."""

    code = "promotion_refused"
