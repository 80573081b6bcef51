"""Withdrawals and deletions in the shared adapter: versions are flagged and taken off, the
people's rows leave the folders, and what the others said waits to be learned anew."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from training.models import Adapter, AdapterState, Interaction, TrainingRun
from training.services.run_control import run_cancel
from training.services.run_folder import DATA_FILES, entry_of
from training.services.runs import ACTIVE_STATES, run_folder
from training.services.starting_points import runs_after
from training.services.withdrawal import forget_samples, taint
from uno_site.errors import UnoError

from .serving import served_version, shared_serve, shared_take_off

REASON = "Somebody whose follow-up it learned from withdrew or deleted it."


def broken_runs() -> QuerySet[TrainingRun]:
    """Runs of which something that they learned is gone, and not followed yet; oldest first.

    A run knows how many interactions it took. Fewer are left where one was deleted, its reply
    was, its person no longer agrees, or took back what they said. What went on from a flagged
    version learned what that one had: it may have been registered after the flagging.
    """
    left = Interaction.objects.agreed().filter(shared_run=OuterRef("pk")).order_by()
    n_left = left.values("shared_run").annotate(n=Count("pk")).values("n")
    runs = TrainingRun.objects.shared().annotate(n_left=Coalesce(Subquery(n_left), 0))
    is_open = Q(adapters=None) | Q(adapters__is_tainted=False)
    flagged = Adapter.objects.shared().filter(is_tainted=True).values_list("path", flat=True)
    is_broken = Q(n_left__lt=F("n_train") + F("n_validation"))
    is_broken |= Q(config__init_from__in=list(flagged))
    return runs.filter(is_open, is_broken).order_by("created_at")


def shared_sync() -> dict[str, int]:
    """Follow every withdrawal and deletion; doing it twice changes nothing more.

    Returns
    -------
    dict
        ``n_runs`` touched, ``n_tainted`` versions, ``n_taken_off``.
    """
    totals = {"n_runs": 0, "n_tainted": 0, "n_taken_off": 0}
    for run in list(broken_runs()):
        totals["n_runs"] += 1
        totals["n_tainted"] += _follow(run)
    totals["n_taken_off"] = _take_off_tainted()
    return totals


def _follow(run: TrainingRun) -> int:
    """Flag what a run made and all that went on from it; how many versions."""
    later = runs_after(run.adapters.all())
    n_tainted = taint(run.adapters.filter(is_tainted=False), REASON)
    for one in (run, *later):
        if one.state in ACTIVE_STATES and one.job is not None and one.job.is_active:
            if not one.job.is_cancel_requested:
                run_cancel(run=one, by=None)
            continue  # its folder goes once it has stopped
        _forget_rows(one)
        Interaction.objects.filter(shared_run=one).update(shared_run=None)
        if not one.adapters.exists():
            shutil.rmtree(Path(one.folder), ignore_errors=True)
            one.delete()
    return n_tainted


def _forget_rows(run: TrainingRun) -> None:
    """Take the rows of what is gone out of a run's files and its check's samples."""
    folder = run_folder(run)
    known = {entry_of(row["id"]) for name in DATA_FILES for row in folder.read_rows(name)}
    learned = Interaction.objects.agreed().filter(shared_run=run)
    kept = {str(key) for key in learned.values_list("reply_key", flat=True)}
    gone = known - kept - {"neutral"}
    folder.forget_entries(gone)
    forget_samples(run, gone)


def _take_off_tainted() -> int:
    """Take a flagged version off; the newest one that is not flagged answers instead."""
    served = served_version()
    if served is None or not served.is_tainted:
        return 0
    shared_take_off()
    usable = Adapter.objects.shared().filter(state=AdapterState.RETIRED, is_tainted=False)
    newest = usable.order_by("-version").first()
    if newest is not None:
        try:
            shared_serve(newest)
        except UnoError:  # the engine is away: the base answers until an admin serves it
            return 1
    return 1
