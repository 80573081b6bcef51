"""What people's edits say they prefer, for themselves alone (CIPHER, arXiv 2404.15269).

Pulled from the chat's outcomes. Deterministic and grounded: a small model infers nothing usable
from an edit, so the preference is the rule that is read off it (:mod:`curation.ml.edit_rules`).
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.models import Preference, ReplyOutcome
from chat.services.preferences import preferences_read
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from curation.vectors import pack_vector
from uno_site.engine_clients import served_client

from .embedding import BATCH, embedder_name


def edits_to_read() -> QuerySet[ReplyOutcome]:
    """Edits at which nobody has looked yet, of people who want it and did not take them out."""
    edited = ReplyOutcome.objects.filter(correction__isnull=False, preferences_read_at=None)
    return edited.filter(user__wants_preferences=True, message__is_withdrawn=False)


def contexts_to_embed() -> QuerySet[Preference]:
    """Preferences whose question has no place among the others yet, or one by another embedder."""
    return Preference.objects.exclude(context="").exclude(
        Q(embedder=embedder_name()) & ~Q(embedding=b"")
    )


def has_preferences_to_read() -> bool:
    """Whether :func:`preferences_update` has anything to do."""
    return edits_to_read().exists() or contexts_to_embed().exists()


def preferences_update(check_cancelled: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Read new edits, then embed the questions that they were made at.

    Raises
    ------
    InferenceError
        The engine does not answer; what was read is kept, and embedded the next time.
    """
    n_kept = n_read = 0
    found = edits_to_read().select_related("message__conversation__user", "message__parent")
    for outcome in found.select_related("correction"):
        check_cancelled()
        n_kept += _read(outcome)
        n_read += 1
    return {"n_read": n_read, "n_kept": n_kept, "n_embedded": _embed(check_cancelled)}


@transaction.atomic
def _read(outcome: ReplyOutcome) -> int:
    reply, correction = outcome.message, outcome.correction
    assert correction is not None
    rules = rules_from_edit(Correction(reply.content, correction.content))
    n_kept = preferences_read(reply=reply, texts=list(dict.fromkeys(rule.text for rule in rules)))
    ReplyOutcome.objects.filter(pk=outcome.pk, correction=correction).update(
        preferences_read_at=timezone.now()
    )
    return n_kept


def _embed(check_cancelled: Callable[[], None]) -> int:
    waiting = list(contexts_to_embed())
    for start in range(0, len(waiting), BATCH):
        check_cancelled()
        part = waiting[start : start + BATCH]
        vectors = served_client().embed([one.context for one in part])
        for one, vector in zip(part, vectors, strict=True):
            one.embedding, one.embedder = pack_vector(vector), embedder_name()
        Preference.objects.bulk_update(part, ["embedding", "embedder"])
    return len(waiting)
