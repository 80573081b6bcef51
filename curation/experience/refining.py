"""The nightly refinement: planned as a diff, read by a curator, applied, and taken back at will."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.experience.models import (
    Experience,
    Matching,
    RefineRun,
    RefineState,
    Revision,
    RevisionAction,
    Scope,
    Source,
    Status,
)
from chat.experience.services.embedding import pack
from curation.experience.changes import experience_change, revision_undo
from curation.experience.joining import SAME_WISH, note_widen, notes_join, notes_unjoin
from curation.experience.neighbours import LIVE
from curation.experience.options import refine_config
from curation.experience.questions import questions_of
from curation.ml.experience.keeping import Standing
from curation.ml.experience.refining import RefinePlan, refine_plan
from curation.ml.experience.store_rows import Row
from curation.vectors import unpack_rows
from uno_site.audit.services import audit_record
from uno_site.engine_clients import embedder_name, served_client
from uno_site.errors import Conflict
from uno_site.inference.protocol import FloatArray
from uno_site.runtime.services import runtime_setting

EMBED_BATCH = 256
NIGHT = range(1, 6)
"""Hours (local time) in which a refinement begins by itself."""
APART, LATEST = timedelta(hours=20), timedelta(hours=36)
MERGE, WIDEN, CONTRADICT = "merge", "widen", "contradict"
QUARANTINE, ARCHIVE = "quarantine", "archive"
_ORDER = {MERGE: 0, WIDEN: 1}

Progress = Callable[[int, int], None]


def refinable() -> QuerySet[Experience]:
    """Notes that refinement looks at: those that stand, but what a person wrote for themselves."""
    own = Q(scope=Scope.PRIVATE, source=Source.WRITTEN)
    return Experience.objects.filter(
        status__in=LIVE,
        invalid_at=None,
        is_in_adapter=False,
        embedder=embedder_name(),
        vector__isnull=False,
    ).exclude(own)


def is_refine_due() -> bool:
    """Whether it is night, the last refinement is a day ago, and something has changed since."""
    now, last = timezone.now(), RefineRun.objects.order_by("-created_at").first()
    rows = refinable() if last is None else refinable().filter(updated_at__gt=last.created_at)
    if not rows.exists():
        return False
    if last is None or now - last.created_at >= LATEST:
        return True
    return now - last.created_at >= APART and timezone.localtime(now).hour in NIGHT


def refine_run_create(
    *, by: Any = None, on_progress: Progress = lambda done, total: None
) -> RefineRun:
    """Plan a refinement of the whole store; nothing is changed yet.

    A plan that nobody decided on gives way to this one.
    """
    groups = _groups()
    items: list[dict[str, Any]] = []
    for done, group in enumerate(groups, start=1):
        items += _plan_group(group)
        on_progress(done, len(groups))
    RefineRun.objects.filter(state=RefineState.PLANNED).update(state=RefineState.DECLINED)
    counts = Counter(item["action"] for item in items)
    return RefineRun.objects.create(
        params={
            "shared": asdict(refine_config(is_shared=True)),
            "personal": asdict(refine_config(is_shared=False)),
        },
        plan=items,
        figures={"n_rows": refinable().count(), **counts},
        created_by=by if getattr(by, "pk", None) else None,
    )


def refine_run_by_itself(on_progress: Progress = lambda done, total: None) -> RefineRun:
    """The night's run: planned, and applied where the instance's policy says so."""
    run = refine_run_create(on_progress=on_progress)
    is_auto = runtime_setting("experience_refine_auto")
    return refine_apply(run=run, by=None) if is_auto else run


def _groups() -> list[tuple[Scope, UUID | None]]:
    """Whom rows serve: rows of one group may be merged, and share a cap."""
    keys = refinable().order_by().values_list("scope", "owner", "group").distinct()
    return sorted(((scope, owner or group) for scope, owner, group in keys), key=str)


def _rows_of(scope: str, whose: UUID | None) -> QuerySet[Experience]:
    rows = refinable().filter(scope=scope)
    if scope == Scope.PRIVATE:
        return rows.filter(owner=whose)
    return rows.filter(group=whose) if scope == Scope.GROUP else rows


def _plan_group(key: tuple[Scope, UUID | None]) -> list[dict[str, Any]]:
    people = Count("evidence__episode__user", filter=Q(evidence__is_for=True), distinct=True)
    notes = list(_rows_of(*key).annotate(n_people=people))
    is_shared = key[0] != Scope.PRIVATE
    asked = {} if is_shared else questions_of(notes)
    plan = refine_plan(
        [_row(note, asked.get(note.pk, ())) for note in notes],
        unpack_rows(note.vector for note in notes),
        _contents(notes),
        timezone.now().timestamp(),
        refine_config(is_shared=is_shared),
    )
    return list(_items(plan, {str(note.pk): note for note in notes}))


def _contents(notes: Sequence[Experience]) -> FloatArray:
    """Unit vectors [n, d] of what notes say; those that have none yet are embedded."""
    bare = [note for note in notes if not note.content_vector]
    for start in range(0, len(bare), EMBED_BATCH):
        batch = bare[start : start + EMBED_BATCH]
        vectors = served_client().embed([note.content for note in batch])
        for note, vector in zip(batch, vectors, strict=True):
            note.content_vector = pack(vector)
    return unpack_rows(note.content_vector for note in notes)


def _row(note: Any, questions: tuple[str, ...]) -> Row:
    return Row(
        key=str(note.pk),
        kind=note.kind,
        trigger=note.trigger,
        content=note.content,
        standing=Standing(
            helpful=note.helpful,
            harmful=note.harmful,
            hits=note.hits,
            importance=note.importance,
            last_used=(note.last_used or note.created_at).timestamp(),
            created=note.created_at.timestamp(),
            is_pinned=note.is_pinned,
        ),
        valid_from=note.valid_from.timestamp(),
        n_people=note.n_people,
        matching=note.matching,
        questions=questions,
    )


def _items(plan: RefinePlan, notes: dict[str, Experience]) -> Iterator[dict[str, Any]]:
    """The plan as the run keeps it: ids and states, no text of anybody's."""
    for merge in plan.merges:
        for gone in merge.gone:
            yield _item(MERGE, notes[gone], Status.SUPERSEDED, merge.kept, "repeats")
    for wide in plan.widened:
        for gone in wide.gone:
            yield _item(MERGE, notes[gone], Status.SUPERSEDED, wide.kept, SAME_WISH)
        kept, matching = notes[wide.kept], Matching.WORDS if wide.words else Matching.ALWAYS
        yield _item(WIDEN, kept, Status(kept.status), "", matching)
    for one in plan.contradictions:
        yield _item(CONTRADICT, notes[one.older], Status.SUPERSEDED, one.newer, one.why)
    for key in plan.quarantined:
        yield _item(QUARANTINE, notes[key], Status.QUARANTINED, "", "harm")
    for key in plan.archived:
        yield _item(ARCHIVE, notes[key], Status.ARCHIVED, "", "cap")


def _item(action: str, note: Experience, after: str, other: str, reason: str) -> dict[str, Any]:
    return {
        "action": action,
        "experience": str(note.pk),
        "other": other,
        "reason": reason,
        "before": note.status,
        "after": after,
    }


@transaction.atomic
def refine_apply(*, run: RefineRun, by: Any) -> RefineRun:
    """Do what the plan says, but for notes that changed since it was made: those are left.

    Raises
    ------
    Conflict
        Somebody has decided on this run already.
    """
    run = RefineRun.objects.select_for_update().get(pk=run.pk)
    if run.state != RefineState.PLANNED:
        raise Conflict(_("This refinement was already decided on."))
    done = Counter(
        item["action"] if _apply(item, run, by) else "skipped"
        for item in sorted(run.plan, key=lambda item: _ORDER.get(item["action"], 2))
    )
    run.state, run.applied_at, run.decided_by = RefineState.APPLIED, timezone.now(), by
    run.figures = {**run.figures, "applied": dict(done)}
    run.save()
    audit_record(actor=by, action="experience.refine", subject=run, data=dict(done))
    return run


@transaction.atomic
def refine_decline(*, run: RefineRun, by: Any) -> RefineRun:
    """Leave everything as it is; a Conflict as for :func:`refine_apply`."""
    run = RefineRun.objects.select_for_update().get(pk=run.pk)
    if run.state != RefineState.PLANNED:
        raise Conflict(_("This refinement was already decided on."))
    run.state, run.decided_by = RefineState.DECLINED, by
    run.save(update_fields=["state", "decided_by", "updated_at"])
    audit_record(actor=by, action="experience.refine_decline", subject=run)
    return run


def _apply(item: dict[str, Any], run: RefineRun, by: Any) -> bool:
    note = Experience.objects.filter(pk=item["experience"], status=item["before"]).first()
    if note is None or _changed_since(note, run) or note.is_pinned:
        return False
    if item["action"] in (MERGE, CONTRADICT):
        other = Experience.objects.filter(pk=item["other"], status__in=LIVE).first()
        return other is not None and _replace(item, note, other, run, by)
    if item["action"] == WIDEN:
        return note_widen(note, Matching(item["reason"]), run, by)
    action = {QUARANTINE: RevisionAction.QUARANTINED, ARCHIVE: RevisionAction.ARCHIVED}
    experience_change(
        note, action[item["action"]], by=by, run=run, reason=item["reason"], status=item["after"]
    )
    return True


def _changed_since(note: Experience, run: RefineRun) -> bool:
    """Whether somebody touched the note after the plan was made; uses do not count."""
    touched = Revision.objects.filter(experience=note, at__gt=run.created_at)
    return touched.exclude(run=run).exists()


def _replace(
    item: dict[str, Any], note: Experience, other: Experience, run: RefineRun, by: Any
) -> bool:
    values: dict[str, Any] = {"status": Status.SUPERSEDED, "superseded_by_id": other.pk}
    if item["action"] == MERGE:
        notes_join(note, other, run, by)
        action = RevisionAction.MERGED
    else:
        action, values["invalid_at"] = RevisionAction.CONTRADICTED, timezone.now()
    experience_change(note, action, by=by, run=run, reason=item["reason"], **values)
    return True


@transaction.atomic
def refine_revert(*, run: RefineRun, by: Any) -> RefineRun:
    """Take back everything that a refinement did, at once.

    What the notes were used for meanwhile stays counted.

    Raises
    ------
    Conflict
        The run was not applied, or a note was changed since in a way that contradicts.
    """
    run = RefineRun.objects.select_for_update().get(pk=run.pk)
    if run.state != RefineState.APPLIED:
        raise Conflict(_("Only an applied refinement can be taken back."))
    for revision in _of_run(run):
        revision_undo(revision, by=by)
    notes_unjoin(item for item in reversed(run.plan) if item["action"] == MERGE)
    run.state, run.reverted_at, run.decided_by = RefineState.REVERTED, timezone.now(), by
    run.save()
    audit_record(actor=by, action="experience.refine_revert", subject=run)
    return run


def _of_run(run: RefineRun) -> Iterable[Revision]:
    """What the run changed, the latest first."""
    rows = Revision.objects.filter(run=run).exclude(action=RevisionAction.RESTORED)
    return rows.select_related("experience").order_by("-at", "-pk")
