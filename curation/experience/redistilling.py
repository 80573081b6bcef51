"""Shared notes of which one source is gone: distilled anew from what the others said."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from chat.experience.models import Episode, Experience, RevisionAction, Status
from chat.experience.services.embedding import experiences_embed, text_hash
from chat.experience.services.recording import revision_record
from curation.experience.distilling import fault_of
from curation.experience.drafting import Drafter, resolve_drafter
from curation.experience.episodes import EpisodeText, episode_text
from curation.experience.erasing import DELETED, REDISTILLED, receipts_settle
from curation.experience.idle import is_engine_busy
from curation.experience.options import min_people
from curation.experience.sharing_rules import text_faults
from curation.experience.waiting import waiting_notes
from curation.ml.experience.drafts import NoteDraft


def notes_redistil(
    *, drafter: Drafter | None = None, is_busy: Callable[[], bool] = is_engine_busy
) -> dict[str, int]:
    """Distil every waiting note anew, or delete it where nothing is left to distil."""
    totals = {"n_redistilled": 0, "n_deleted": 0}
    for note in waiting_notes():
        if is_busy():
            break
        drafter = drafter or resolve_drafter()
        draft = _draft(note, drafter)
        totals["n_redistilled" if draft else "n_deleted"] += 1
        _replace(note, draft)
    return totals


def _draft(note: Experience, drafter: Drafter) -> NoteDraft | None:
    """The first draft, of those who still say so, that may be shared; of the note's kind first."""
    episodes = Episode.objects.filter(evidence__experience=note, evidence__is_for=True).distinct()
    texts = [text for one in episodes.select_related("user") if (text := episode_text(one))]
    drafts = drafter.draft(texts) if texts else []
    fit = [
        draft
        for text, own in zip(texts, drafts, strict=True)
        for draft in own
        if _is_fit(draft, text)
    ]
    return min(fit, key=lambda draft: draft.kind != note.kind, default=None)


def _is_fit(draft: NoteDraft, text: EpisodeText) -> bool:
    return not fault_of(draft, text) and not text_faults(draft.trigger, draft.content)


@transaction.atomic
def _replace(note: Experience, draft: NoteDraft | None) -> None:
    """Put the draft in the note's place, under an id of its own: others were told to bury the
    old one."""
    if draft is not None:
        _write(note, draft)
    key = note.pk
    note.delete()
    receipts_settle(key, REDISTILLED if draft else DELETED)


def _write(old: Experience, draft: NoteDraft) -> None:
    is_enough = _n_people(old.pk) >= min_people()
    note = Experience(
        scope=old.scope,
        group=old.group,
        kind=draft.kind,
        trigger=draft.trigger,
        content=draft.content,
        content_hash=text_hash(draft.trigger, draft.content),
        status=Status.ACTIVE if is_enough else Status.CANDIDATE,
        reason="" if is_enough else "too few people are left who said it",
        importance=draft.importance,
        source=old.source,
        distiller=draft.strategy,
        prompt_ref=draft.prompt_ref,
        reviewer=old.reviewer,
        reviewed_at=old.reviewed_at,
    )
    note.full_clean(exclude=["reviewer", "group"])
    note.save()
    experiences_embed([note])
    old.evidence.update(experience=note)
    revision_record(note, RevisionAction.REDISTILLED)


def _n_people(key: UUID) -> int:
    rows = Episode.objects.filter(evidence__experience=key, evidence__is_for=True)
    return rows.values("user").distinct().count()
