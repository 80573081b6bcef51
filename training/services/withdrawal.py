"""When somebody withdraws: their rows leave the run folders, adapters that learned from them
are marked as tainted, and those that are served are taken off (our default policy)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.services.routes import route_rules, route_rules_forget
from curation.models import Rule
from training.models import Adapter, TrainingExample, TrainingRun, Verification
from uno_site.audit.services import audit_record

from .edits.arms import tainted_arms_drop
from .promotion import take_off
from .run_control import run_cancel
from .run_folder import RunFolder, entry_of
from .runs import ACTIVE_STATES, FINAL_STATES
from .starting_points import runs_from

DELETED = "A log entry it learned from was deleted."
WITHDRAWN = "Somebody whose log it learned from withdrew consent."


def withdrawn_examples() -> QuerySet[TrainingExample]:
    """Examples whose entry was deleted, or whose person no longer agrees, not yet taken back."""
    has_withdrawn = Q(entry__user__isnull=False) & (
        Q(entry__user__training_consent=False) | Q(entry__user__training_consent__isnull=True)
    )
    waiting = TrainingExample.objects.filter(taken_back_at__isnull=True)
    return waiting.filter(Q(entry__isnull=True) | has_withdrawn)


def consent_sync() -> dict[str, int]:
    """Follow every withdrawal and deletion; doing it twice changes nothing more.

    Returns
    -------
    dict
        ``n_runs`` touched, ``n_rows`` taken out, ``n_tainted`` adapters, ``n_taken_off``.
    """
    totals = {"n_runs": 0, "n_rows": 0, "n_tainted": 0, "n_taken_off": 0}
    runs = TrainingRun.objects.filter(examples__in=withdrawn_examples()).distinct()
    for run in runs:
        n_rows, n_tainted = _clean_run(run)
        totals["n_rows"] += n_rows
        totals["n_tainted"] += n_tainted
        totals["n_runs"] += 1 if n_rows or n_tainted else 0
    totals["n_taken_off"] = _take_off_tainted() + tainted_arms_drop()
    return totals


def gone_rules() -> set[str]:
    """Rules that published routes still name, although nobody's feedback says so any more."""
    named = route_rules()
    said = Rule.objects.consented().filter(Q(text__in=named) | Q(original_text__in=named))
    for texts in said.values_list("text", "original_text"):
        named.difference_update(texts)
    return named


def has_to_follow() -> bool:
    """Whether :func:`consent_sync` or :func:`rules_forget` has anything to do."""
    return withdrawn_examples().exists() or bool(gone_rules())


def rules_forget() -> int:
    """Take the words of people who withdrew out of the published routes; out of how many."""
    return route_rules_forget(gone_rules())


def _clean_run(run: TrainingRun) -> tuple[int, int]:
    """Take a run's withdrawn rows out and taint its adapters; how many of each."""
    examples = withdrawn_examples().filter(run=run)
    entries = {str(key) for key in examples.values_list("entry_key", flat=True)}
    reason = DELETED if examples.filter(entry__isnull=True).exists() else WITHDRAWN
    if run.state in ACTIVE_STATES and not _is_stopping(run):
        run_cancel(run=run, by=None)
    n_rows = RunFolder(Path(run.folder)).forget_entries(entries) if run.folder else 0
    forget_samples(run, entries)
    n_tainted = taint(run.adapters.filter(is_tainted=False), reason)
    if run.state not in (*ACTIVE_STATES, *FINAL_STATES) and run.folder:
        RunFolder(Path(run.folder)).forget_training()
    if run.state not in ACTIVE_STATES:
        run.examples.filter(entry_key__in=entries).update(taken_back_at=timezone.now())
    return n_rows, n_tainted


def _is_stopping(run: TrainingRun) -> bool:
    return run.job is not None and run.job.is_active and run.job.is_cancel_requested


def forget_samples(run: TrainingRun, entries: set[str]) -> None:
    """Take the withdrawn prompts and answers out of what verification showed."""
    for verification in Verification.objects.filter(run=run):
        kept = [item for item in verification.samples if entry_of(item["id"]) not in entries]
        if len(kept) < len(verification.samples):
            verification.samples = kept
            verification.save(update_fields=["samples", "updated_at"])


def taint(adapters: Iterable[Adapter], reason: str) -> int:
    """Mark adapters, and all that went on from them, as having learned what was withdrawn."""
    n_tainted = 0
    for adapter in adapters:
        adapter.is_tainted, adapter.taint_reason = True, reason
        adapter.save(update_fields=["is_tainted", "taint_reason", "updated_at"])
        audit_record(actor=None, action="adapter.taint", subject=adapter, data={"reason": reason})
        n_tainted += 1 + _taint_successors(adapter, reason)
    return n_tainted


def _taint_successors(adapter: Adapter, reason: str) -> int:
    """What went on from an adapter has learned what it had: runs stop, adapters are tainted too."""
    for run in runs_from(adapter).filter(state__in=ACTIVE_STATES):
        if not _is_stopping(run):
            run_cancel(run=run, by=None)
    successors = Adapter.objects.filter(run__in=runs_from(adapter), is_tainted=False)
    return taint(list(successors), reason)


def _take_off_tainted() -> int:
    tainted = list(Adapter.objects.filter(is_tainted=True))
    promotion = take_off(tainted, None, "Took off adapters that learned from withdrawn logs.")
    return (
        promotion.previous_table.routes.filter(
            adapter_id__in=[adapter.pk for adapter in tainted]
        ).count()
        if promotion and promotion.previous_table
        else 0
    )
