"""The way from new feedback to measured clusters, stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from chat.models import Conversation
from curation.models import CurationPolicy
from curation.services.clustering import clusters_update, entries_to_place
from curation.services.distilling import entries_distil, pending_entries
from curation.services.freezing import logs_freeze
from curation.services.gaps import gaps_update
from curation.services.merging import rules_merge
from curation.services.pairing import pairs_update
from curation.services.review import auto_approve
from curation.services.revising import candidates_update
from uno_site.jobs.models import Job, JobState

Progress = Callable[[float, str], None]
PROCESS = "curation.process"
#: After a run that failed the schedule tries again so much later.
RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it is called, and what does it."""

    key: str
    title: str
    run: Callable[[Progress], dict[str, Any]]


def _counted(progress: Progress, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(done / max(total, 1), f"{what} {done} of {total}")


def _freeze(progress: Progress) -> dict[str, Any]:
    return asdict(logs_freeze(on_progress=lambda n: progress(0.5, f"{n} conversations")))


def _distil(progress: Progress) -> dict[str, Any]:
    return asdict(entries_distil(on_progress=_counted(progress, "Distilled")))


def _merge(progress: Progress) -> dict[str, Any]:
    return {"n_merged": rules_merge()}


def _pair(progress: Progress) -> dict[str, Any]:
    return {"n_pairs": pairs_update(), **{f"n_auto_{k}": n for k, n in auto_approve().items()}}


def _revise(progress: Progress) -> dict[str, Any]:
    """Revisions are judged by judges that the human pairs, formed before, let pass."""
    report = candidates_update(on_progress=_counted(progress, "Revised"))
    return {**asdict(report), **(_pair(progress) if report.n_judged else {})}


def _cluster(progress: Progress) -> dict[str, Any]:
    return asdict(clusters_update(on_progress=progress))


def _gap(progress: Progress) -> dict[str, Any]:
    return asdict(gaps_update(on_progress=_counted(progress, "Measured")))


STAGES = (
    Stage("freeze", "Collecting logs", _freeze),
    Stage("distil", "Distilling rules", _distil),
    Stage("merge", "Merging duplicate rules", _merge),
    Stage("pair", "Forming pairs", _pair),
    Stage("revise", "Revising replies", _revise),
    Stage("cluster", "Clustering", _cluster),
    Stage("gap", "Measuring gaps", _gap),
)


def logs_process(stage: Stage, progress: Progress = lambda share, text: None) -> dict[str, Any]:
    """Do one stage and tell what it did."""
    return stage.run(progress)


def has_pending_work() -> bool:
    """Whether entries wait, for their rules or for their place, the last run broke off, or the
    chat changed since logs were last collected."""
    if pending_entries().exists() or entries_to_place().exists():
        return True
    runs = Job.objects.filter(kind=PROCESS).order_by("-started_at")
    ended = runs.filter(state__in=[JobState.SUCCEEDED, JobState.FAILED]).first()
    if ended is not None and ended.state == JobState.FAILED:
        return True
    last = runs.filter(state=JobState.SUCCEEDED).first()
    signals = Conversation.objects.filter(user__training_consent=True)
    if last is not None:
        changed = Q(messages__updated_at__gte=last.started_at)
        signals = signals.filter(changed | Q(messages__feedback__updated_at__gte=last.started_at))
    return signals.filter(messages__role="assistant").exists()


def is_processing_due() -> bool:
    """Whether the schedule should process logs now: the policy allows it, some wait, and no run
    failed a short while ago."""
    failed = Job.objects.filter(kind=PROCESS, state=JobState.FAILED)
    if failed.filter(finished_at__gte=timezone.now() - RETRY_AFTER).exists():
        return False
    return CurationPolicy.current().distil_on_feedback and has_pending_work()
