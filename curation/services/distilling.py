"""Pending entries become rules: claimed by a conditional update, flagged, never dropped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from curation.models import EntryState, LogEntry, Rule, RuleKind
from curation.roles.distillers import Distilled, Distiller, RuleDraft
from curation.roles.resolve import resolve_distiller
from curation.services.flags import CHANGED_AFTER_REVIEW
from curation.services.withdrawal import artefacts_delete
from uno_site.inference.errors import EngineBusy, EngineUnreachable

BATCH = 32
STALE_AFTER = timedelta(minutes=10)
"""A claim this old belongs to a process that died; its entries are taken up again."""

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class DistilReport:
    """How the pending entries ended."""

    strategy: str
    n_distilled: int = 0
    n_no_rules: int = 0
    n_failed: int = 0
    n_rules: int = 0


def pending_entries() -> Any:
    """Entries to distil that nobody is working on."""
    is_free = Q(claim="") | Q(claimed_at__lt=timezone.now() - STALE_AFTER)
    return (
        LogEntry.objects.consented()
        .filter(is_free, state=EntryState.PENDING, is_excluded=False)
        .order_by("created_at", "pk")
    )


def entries_claim(limit: int = BATCH) -> list[LogEntry]:
    """Make up to ``limit`` pending entries ours."""
    claim, now = str(uuid.uuid4()), timezone.now()
    ids = list(pending_entries().values_list("pk", flat=True)[:limit])
    pending_entries().filter(pk__in=ids).update(claim=claim, claimed_at=now)
    return list(LogEntry.objects.filter(claim=claim).order_by("created_at", "pk"))


def entries_distil(
    *, distiller: Distiller | None = None, on_progress: Progress = lambda done, total: None
) -> DistilReport:
    """Distil every pending entry.

    Raises
    ------
    EngineUnreachable
        The model is gone; entries not done yet stay pending.
    """
    total = pending_entries().count()
    if not total:
        return DistilReport("")
    distiller = distiller or resolve_distiller()
    report, done = DistilReport(distiller.strategy), 0
    while entries := entries_claim():
        _distil_batch(entries, distiller, report)
        done += len(entries)
        on_progress(done, max(total, done))
    return report


def _distil_batch(entries: Sequence[LogEntry], distiller: Distiller, report: DistilReport) -> None:
    try:
        results: list[Distilled | str] = list(distiller.distil(entries))
    except (EngineUnreachable, EngineBusy):
        _release(entries)
        raise
    except Exception:
        results = [_distil_one(entry, distiller) for entry in entries]
    for entry, result in zip(entries, results, strict=True):
        entry_finish(entry, result, report)


def _distil_one(entry: LogEntry, distiller: Distiller) -> Distilled | str:
    """One entry by itself, so that a bad one does not take its neighbours along."""
    try:
        return distiller.distil([entry])[0]
    except (EngineUnreachable, EngineBusy):
        _release([entry])
        raise
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _release(entries: Sequence[LogEntry]) -> None:
    LogEntry.objects.filter(
        pk__in=[entry.pk for entry in entries], claim=entries[0].claim, state=EntryState.PENDING
    ).update(claim="", claimed_at=None)


@transaction.atomic
def entry_finish(entry: LogEntry, result: Distilled | str, report: DistilReport) -> bool:
    """Store what was distilled, unless the entry was changed or taken over meanwhile."""
    state = _state(result)
    kept = [flag for flag in entry.flags if flag == CHANGED_AFTER_REVIEW]
    flags = kept if isinstance(result, str) else [*kept, *result.flags]
    ours = LogEntry.objects.filter(pk=entry.pk, claim=entry.claim, state=EntryState.PENDING)
    if not ours.update(
        state=state,
        flags=flags,
        error=result if isinstance(result, str) else "",
        feedback_kinds=None if isinstance(result, str) else result.kinds,
        claim="",
        claimed_at=None,
        updated_at=timezone.now(),
    ):
        return False
    if isinstance(result, str):
        report.n_failed += 1
        return True
    _clear(entry)
    rules = _rules(entry, RuleKind.FEEDBACK, result.rules)
    Rule.objects.bulk_create([*rules, *_rules(entry, RuleKind.PRIOR, result.prior_rules)])
    report.n_rules += len(rules)
    report.n_distilled += state == EntryState.DISTILLED
    report.n_no_rules += state == EntryState.NO_RULES
    return True


def _clear(entry: LogEntry) -> None:
    """Distilling again replaces what an earlier pass had made of the feedback."""
    if entry.rules.exists():
        artefacts_delete([entry.pk])


def _state(result: Distilled | str) -> str:
    if isinstance(result, str):
        return EntryState.FAILED
    return EntryState.DISTILLED if result.rules else EntryState.NO_RULES


def _rules(entry: LogEntry, kind: str, drafts: Sequence[RuleDraft]) -> list[Rule]:
    return [
        Rule(
            entry=entry,
            kind=kind,
            text=draft.text,
            position=position,
            flags=list(draft.flags),
            strategy=draft.strategy,
            prompt_ref=draft.prompt_ref,
            model=draft.model,
        )
        for position, draft in enumerate(drafts)
    ]


def entries_retry(*, entries: Any) -> int:
    """Put entries that failed, or had nothing to learn, back into the line."""
    return entries.filter(state__in=[EntryState.FAILED, EntryState.NO_RULES]).update(
        state=EntryState.PENDING, error="", claim="", claimed_at=None
    )
