"""The kinds of job of the curation rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy as _

from curation.models import RoleName
from curation.roles.checks import role_check
from curation.services.clustering import clusters_rebuild
from curation.services.consent import consent_sync, has_to_forget
from curation.services.distilling import entries_distil
from curation.services.freezing import logs_freeze
from curation.services.gaps import gaps_update
from curation.services.importing import logs_import
from curation.services.mapping import is_map_stale, map_update
from curation.services.merging import rules_merge
from curation.services.preferences import has_preferences_to_read, preferences_update
from curation.services.processing import STAGES, is_processing_due, logs_process
from uno_site.database import statistics_refresh
from uno_site.jobs.context import JobContext
from uno_site.jobs.registry import job_kind
from uno_site.uploads import old_uploads, upload_delete, upload_path, uploads_tidy

MAX_ERRORS_SHOWN = 50
PROCESS_MINUTES = 5


def _counter(ctx: JobContext, what: str) -> Callable[[int, int], None]:
    """Report ``done`` of ``total``, and stop where somebody asked for it."""

    def report(done: int, total: int) -> None:
        ctx.check_cancelled()
        ctx.progress(done / max(total, 1), f"{what} {done} of {total}")

    return report


def _share(ctx: JobContext) -> Callable[[float, str], None]:
    def report(share: float, text: str) -> None:
        ctx.check_cancelled()
        ctx.progress(share, text)

    return report


@job_kind("curation.freeze", title=_("Collect logs from the chat"))
def freeze(ctx: JobContext) -> dict[str, Any]:
    """Freeze the chat's feedback into log entries."""
    report = asdict(logs_freeze(on_progress=lambda n: ctx.progress(0.5, f"{n} conversations")))
    ctx.log(f"Added {report['n_added']}, refreshed {report['n_refreshed']} entries.")
    return report


@job_kind("curation.distil", title=_("Distil logs into rules"))
def distil(ctx: JobContext) -> dict[str, Any]:
    """Distil every pending entry and merge duplicate rules."""
    report = asdict(entries_distil(on_progress=_counter(ctx, "Distilled")))
    ctx.log(f"{report['n_distilled']} entries with rules, {report['n_no_rules']} without.")
    report["n_merged"] = rules_merge()
    ctx.log(f"Merged {report['n_merged']} duplicate rules.")
    return report


@job_kind("curation.cluster", title=_("Cluster the entries"))
def cluster(ctx: JobContext) -> dict[str, Any]:
    """Cluster the usable entries anew."""
    report = asdict(clusters_rebuild(on_progress=_share(ctx)))
    ctx.log(f"{report['n_clusters']} clusters of {report['n_entries']} entries.")
    return report


@job_kind(
    "curation.map",
    title=_("Draw the cluster map"),
    every_minutes=1,
    has_work=is_map_stale,
)
def cluster_map(ctx: JobContext) -> dict[str, Any]:
    """Place the entries on the map anew where clusters have changed."""
    report = asdict(map_update(on_progress=_share(ctx)))
    ctx.log(f"{report['n_entries']} entries on the map.")
    return report


@job_kind("curation.gap", title=_("Measure cognitive gaps"))
def gap(ctx: JobContext) -> dict[str, Any]:
    """Measure the gap of every cluster."""
    report = asdict(gaps_update(on_progress=_counter(ctx, "Measured")))
    ctx.log(f"{report['n_scored']} gaps by {report['scorer']}.")
    return report


@job_kind("curation.check_roles", title=_("Check the roles"))
def check_roles(ctx: JobContext) -> dict[str, Any]:
    """Check one role (``params["role"]``) or all of them."""
    roles = [ctx.params["role"]] if ctx.params.get("role") else list(RoleName.values)
    active = {}
    for number, role in enumerate(roles):
        ctx.check_cancelled()
        ctx.progress(number / len(roles), f"Checking the {RoleName(role).label.lower()}")
        binding = role_check(role)
        active[str(role)] = binding.active
        ctx.log(f"{RoleName(role).label}: {binding.active}. {binding.error}".strip())
    return active


@job_kind(
    "curation.sync_consent",
    title=_("Take back withdrawn logs"),
    every_minutes=1,
    has_work=has_to_forget,
)
def sync_consent(ctx: JobContext) -> dict[str, Any]:
    """Delete what was made from the logs of people who withdrew their consent."""
    report = consent_sync()
    ctx.log(f"Took back {report['entries']} entries and what was made from them.")
    return report


@job_kind(
    "curation.process",
    title=_("Process new logs"),
    every_minutes=PROCESS_MINUTES,
    has_work=is_processing_due,
)
def process(ctx: JobContext) -> dict[str, Any]:
    """Freeze, distil, merge, pair, cluster and measure: everything up to the curator."""
    report: dict[str, Any] = {}
    for number, stage in enumerate(STAGES):
        ctx.check_cancelled()
        ctx.progress(number / len(STAGES), stage.title)
        start = number / len(STAGES)
        report[stage.key] = logs_process(
            stage, lambda share, text, start=start: _stage_progress(ctx, start, share, text)
        )
        ctx.log(f"{stage.title}: {_in_words(report[stage.key])}")
    return report


def _stage_progress(ctx: JobContext, start: float, share: float, text: str) -> None:
    ctx.check_cancelled()
    ctx.progress(start + share / len(STAGES), text)


def _in_words(report: dict[str, Any]) -> str:
    told = {key.removeprefix("n_"): value for key, value in report.items() if value != ""}
    return ", ".join(f"{key} {value}" for key, value in told.items()) or "nothing to do"


@job_kind(
    "curation.tidy_uploads",
    title=_("Delete uploads that nobody imported"),
    every_minutes=60,
    has_work=lambda: bool(old_uploads()),
)
def tidy_uploads(ctx: JobContext) -> dict[str, Any]:
    """Delete the files that were uploaded a week ago and are still not imported."""
    return {"n_deleted": uploads_tidy()}


@job_kind("curation.import", title=_("Import a log file"), max_attempts=1, needs_params=True)
def import_file(ctx: JobContext) -> dict[str, Any]:
    """Import an uploaded file (``path``, shown as ``name``) and delete it."""
    path = upload_path(str(ctx.params["path"]))

    def tell(share: float, n_read: int) -> None:
        ctx.check_cancelled()
        ctx.progress(share, f"{n_read:,} read")

    try:
        report = logs_import(path=path, name=ctx.params["name"], on_progress=tell)
    finally:
        upload_delete(path)
    statistics_refresh()
    ctx.log(f"{report.n_added} added, {report.n_known} already there, {report.n_bad} bad.")
    for error in report.errors:
        ctx.log(str(error))
    return {
        "name": report.name,
        "format": report.format,
        "n_read": report.n_read,
        "n_added": report.n_added,
        "n_known": report.n_known,
        "n_bad": report.n_bad,
        "errors": [str(error) for error in report.errors[:MAX_ERRORS_SHOWN]],
    }


@job_kind(
    "curation.preferences",
    title=_("Read people’s preferences off their edits"),
    every_minutes=1,
    has_work=has_preferences_to_read,
)
def read_preferences(ctx: JobContext) -> dict[str, Any]:
    """Keep what new edits say, for those alone who made them and want it."""
    totals = preferences_update(ctx.check_cancelled)
    ctx.progress(1.0, f"{totals['n_kept']} preferences from {totals['n_read']} edits")
    return totals
