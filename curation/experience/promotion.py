"""From one person's note to everybody's, and back: a curator's decisions."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.experience.models import (
    Experience,
    Revision,
    RevisionAction,
    Scope,
    Source,
    Status,
    Tombstone,
)
from curation.experience.changes import experience_change
from curation.experience.joining import evidence_copy
from curation.experience.sharing_rules import faults_in_words, note_standing, text_faults
from curation.experience.waiting import check_settled
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, UnoError

SHARED = "shared"
"""Why a note was superseded by one that says the same for more people."""


class PromotionRefused(UnoError):
    """A note that may not be shared; ``faults`` names why."""

    code = "note_promotion_refused"
    status = 409

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__(
            _("This note may not be shared: %(why)s") % {"why": faults_in_words(faults)},
            remedy=_("Change its text, or wait until more people have said it."),
        )
        self.faults = faults


def note_promote(*, note: Experience, by: Any, group: Any = None) -> Experience:
    """Share a note with a group, or with everybody: it, and the notes that say the same, become
    one that rests on all of them.

    Raises
    ------
    PromotionRefused
        See :data:`~curation.experience.sharing_rules.FAULTS`; the refusal is on the note's record.
    Conflict
        It is not in use, as widely shared already, or of somebody outside the group.
    """
    _check_promotable(note, by, group)
    standing = note_standing(note, group=group)
    if standing.faults:
        _record_refusal(note, standing.faults, by)
        raise PromotionRefused(standing.faults)
    return _promote(note, standing.supporters, by, group)


def _check_promotable(note: Experience, by: Any, group: Any) -> None:
    if not getattr(by, "is_curator", False):
        raise Conflict(_("Only a curator shares notes."))
    wider = {Scope.PRIVATE: True, Scope.GROUP: group is None, Scope.GLOBAL: False}
    if note.status != Status.ACTIVE or note.invalid_at is not None:
        raise Conflict(_("Only a note in use can be shared."))
    if not wider[Scope(note.scope)]:
        raise Conflict(_("This note is shared as widely already."))
    if note.scope == Scope.PRIVATE and note.source == Source.WRITTEN:
        raise Conflict(_("What somebody wrote for themselves stays theirs."))
    if group is not None and not note.owner.groups.filter(pk=group.pk).exists():
        raise Conflict(
            _("Whoever this note is from is not in the group, and would lose it."),
            remedy=_("Share a member's note that says the same, or share it with everybody."),
        )


@transaction.atomic
def _promote(
    note: Experience, supporters: tuple[Experience, ...], by: Any, group: Any
) -> Experience:
    scope = Scope.GROUP if group is not None else Scope.GLOBAL
    experience_change(
        note,
        RevisionAction.PROMOTED,
        by=by,
        scope=scope,
        owner_id=None,
        group_id=group.pk if group is not None else None,
        reviewer=by,
        reviewed_at=timezone.now(),
    )
    for other in supporters:
        evidence_copy(other, note)
        experience_change(
            other,
            RevisionAction.MERGED,
            by=by,
            reason=SHARED,
            status=Status.SUPERSEDED,
            superseded_by_id=note.pk,
        )
    data = {"scope": scope.value, "n_joined": len(supporters)}
    audit_record(actor=by, action="experience.promote", subject=note, data=data)
    return note


def _record_refusal(note: Experience, faults: tuple[str, ...], by: Any) -> None:
    note.flags = [*(flag for flag in note.flags if flag not in faults), *faults]
    note.save(update_fields=["flags", "updated_at"])
    data = {"faults": list(faults)}
    audit_record(actor=by, action="experience.promote_refused", subject=note, data=data)


@transaction.atomic
def note_recall(*, note: Experience, by: Any, reason: str = "recalled") -> Experience:
    """Take a shared note out of use at once; deployments that import from here are told."""
    check_settled(note)
    if note.scope == Scope.PRIVATE:
        raise Conflict(_("This note is not shared."))
    experience_change(note, RevisionAction.ARCHIVED, by=by, reason=reason, status=Status.ARCHIVED)
    tombstone_add(note, reason)
    audit_record(actor=by, action="experience.recall", subject=note)
    return note


def tombstone_add(note: Experience, reason: str) -> None:
    """Remember that a note of ours that was shared must not be used any more.

    Importers never forget that: should the note serve again, it leaves under another id.
    """
    if note.origin_id is not None or note.scope != Scope.GLOBAL:
        return
    row = note.shared_as or note.pk
    Tombstone.objects.get_or_create(row=row, origin=None, defaults={"reason": reason[:40]})
    note.shared_as = uuid4()
    note.save(update_fields=["shared_as"])


def candidate_decide(*, note: Experience, by: Any, is_approved: bool) -> Experience:
    """Let a note that waits for review serve, or reject it.

    Raises
    ------
    PromotionRefused
        Its text may not be shared.
    Conflict
        It was decided on already, or waits to be distilled anew.
    """
    check_settled(note)
    if note.status not in (Status.CANDIDATE, Status.QUARANTINED):
        raise Conflict(_("This note does not wait for a decision."))
    faults = (
        text_faults(note.trigger, note.content, note.matching)
        if note.scope != Scope.PRIVATE
        else []
    )
    if is_approved and faults:
        _record_refusal(note, tuple(faults), by)
        raise PromotionRefused(tuple(faults))
    return _decide(note, by, is_approved)


@transaction.atomic
def _decide(note: Experience, by: Any, is_approved: bool) -> Experience:
    experience_change(
        note,
        RevisionAction.REVIEWED,
        by=by,
        status=Status.ACTIVE if is_approved else Status.REJECTED,
        reason="" if is_approved else "a curator rejected it",
        reviewer=by,
        reviewed_at=timezone.now(),
    )
    action = "experience.approve" if is_approved else "experience.reject"
    audit_record(actor=by, action=action, subject=note)
    return note


def last_change(note: Experience) -> Revision | None:
    """The change that can be taken back first."""
    return note.revisions.exclude(action=RevisionAction.CREATED).first()
