"""A curator's changes of one note: its text, its pin, its state."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat.experience.models import Experience, RevisionAction, Scope, Source, Status
from chat.experience.services.notes import note_edit, note_pin
from curation.experience.changes import revision_undo
from curation.experience.promotion import PromotionRefused, last_change
from curation.experience.sharing_rules import text_faults
from curation.experience.unsharing import is_final, promotion_undo
from curation.experience.waiting import check_settled
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict


@transaction.atomic
def curated_edit(*, note: Experience, by: Any, values: dict[str, str]) -> Experience:
    """Change a note's text; a shared one's new text is scanned like one that is to be shared.

    Raises
    ------
    PromotionRefused
        The new text may not be shared.
    Conflict
        The note is a rule's: the rule is edited instead. Or it waits to be distilled anew.
    """
    check_settled(note)
    if note.source == Source.RULE:
        raise Conflict(_("This note follows an approved rule."), remedy=_("Edit the rule instead."))
    faults = text_faults(values["trigger"], values["content"], values["matching"])
    if faults and note.scope != Scope.PRIVATE:
        raise PromotionRefused(tuple(faults))
    changed = note_edit(note=note, by=by, **values)
    audit_record(actor=by, action="experience.edit", subject=note)
    return changed


@transaction.atomic
def curated_pin(*, note: Experience, by: Any) -> Experience:
    """Keep a note whatever refinement says, or no longer."""
    return note_pin(note=note, by=by, is_pinned=not note.is_pinned)


@transaction.atomic
def last_change_undo(*, note: Experience, by: Any) -> None:
    """Take back the latest change of a note.

    Raises
    ------
    Conflict
        Nothing can be taken back: it was made by this very change, or its sharing was taken back
        by it, or its owner is gone, or it waits to be distilled anew.
    """
    check_settled(note)
    revision = last_change(note)
    kept = (RevisionAction.IMPORTED, RevisionAction.REDISTILLED, RevisionAction.RETIRED)
    if revision is None or revision.action in kept or is_final(revision):
        raise Conflict(_("There is nothing to take back."))
    if revision.before.get("status") == Status.ACTIVE and note.scope != Scope.PRIVATE:
        faults = text_faults(note.trigger, note.content, note.matching)
        if faults:
            raise PromotionRefused(tuple(faults))
    if revision.action == RevisionAction.PROMOTED:
        promotion_undo(note, revision, by=by)
    else:
        revision_undo(revision, by=by)
    audit_record(actor=by, action="experience.undo", subject=note)
