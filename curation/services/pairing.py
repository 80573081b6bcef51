"""Preference pairs: the user's own edit first, then a preferred reply, then a judged revision."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from curation.ml.pairs import Candidate as Option
from curation.ml.pairs import PairOutcome, choose_pair
from curation.models import LogEntry, PairSource, PreferencePair
from curation.services.flags import NOT_JUDGED, NOTHING_CHANGED, flag_add
from curation.services.withdrawal import LOGGED_REPLY

SOURCES = {
    "edit": PairSource.USER_EDIT,
    "sibling": PairSource.REGENERATED,
    "revision": PairSource.REVISION,
}
CHUNK = 200


def entries_to_pair() -> Any:
    """Usable entries that have no pair yet."""
    return LogEntry.objects.usable().filter(pairs__isnull=True).order_by("created_at", "pk")


def pairs_update() -> int:
    """Form the pair of every entry that has a better answer; how many were formed.

    An entry without one keeps the reason as a flag, where there was something to choose from.
    """
    n_formed = 0
    for entry in entries_to_pair().prefetch_related("candidates").iterator(chunk_size=CHUNK):
        n_formed += _pair_form(entry)
    return n_formed


@transaction.atomic
def _pair_form(entry: LogEntry) -> bool:
    candidates = {str(candidate.pk): candidate for candidate in entry.candidates.all()}
    logged = [c for c in candidates.values() if c.strategy == LOGGED_REPLY]
    outcome = choose_pair(
        entry.response, _options(entry, candidates), logged[0].score if logged else None
    )
    if outcome.pair is None:
        _flag_why(entry, outcome)
        return False
    chosen = outcome.pair.chosen
    made = candidates.get(chosen.ref)
    _, is_new = PreferencePair.objects.get_or_create(
        entry=entry,
        source=SOURCES[chosen.source],
        defaults={
            "chosen": chosen.text,
            "rejected": entry.response,
            "score": chosen.score,
            "flags": list(outcome.pair.flags),
            "strategy": made.strategy if made else chosen.source,
            "prompt_ref": made.prompt_ref if made else "",
            "model": made.model if made else "",
        },
    )
    _unflag(entry)
    return is_new


def _options(entry: LogEntry, candidates: dict[str, Any]) -> list[Option]:
    options = []
    if entry.correction:
        options.append(Option(entry.correction, "edit"))
    if entry.preferred_sibling:
        options.append(Option(entry.preferred_sibling, "sibling"))
    return options + [
        Option(candidate.text, "revision", candidate.score, ref)
        for ref, candidate in candidates.items()
        if candidate.strategy != LOGGED_REPLY
    ]


def _unflag(entry: LogEntry) -> None:
    """What kept the entry from a pair before does so no longer."""
    flags = [flag for flag in entry.flags if flag not in (NOT_JUDGED, NOTHING_CHANGED)]
    if flags != entry.flags:
        entry.flags = flags
        entry.save(update_fields=["flags", "updated_at"])


def _flag_why(entry: LogEntry, outcome: PairOutcome) -> None:
    if outcome.reason in (None, "no_candidate"):
        return
    if flag_add(entry, str(outcome.reason)):
        entry.save(update_fields=["flags", "updated_at"])
