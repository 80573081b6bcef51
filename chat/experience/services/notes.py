"""A person's own notes: writing, changing, switching off, disputing, deleting."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.experience.ml.terms import key_words
from chat.experience.models import (
    Dispute,
    Experience,
    Kind,
    Matching,
    Outcome,
    RevisionAction,
    Scope,
    Source,
    Status,
    Use,
)
from chat.experience.services.embedding import (
    embedded_texts,
    experience_embed_soon,
    text_hash,
    vectors_forget,
)
from chat.experience.services.recording import revision_record, snapshot
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput
from uno_site.interchange.fields import UNSTORABLE

#: Notes that one person may have; refinement keeps the learned ones far below.
MAX_OWN_NOTES = 2_000
#: The flag of a shared note that somebody said is wrong.
DISPUTED = "disputed"


@transaction.atomic
def note_create(
    *,
    owner: Any,
    trigger: str,
    content: str,
    kind: str = Kind.FACT,
    matching: str = Matching.MEANING,
    source: str = Source.WRITTEN,
    is_pinned: bool = False,
) -> Experience:
    """Keep a note that ``owner`` wrote; it serves their replies at once.

    Raises
    ------
    InvalidInput
        An empty or too long text, an unknown kind, or too many notes.
    Conflict
        They have the same note already.
    """
    if Experience.objects.owned_by(owner).count() >= MAX_OWN_NOTES:
        raise InvalidInput(
            _("You have %(n)s notes, which is the most.") % {"n": MAX_OWN_NOTES},
            remedy=_("Delete some first."),
        )
    note = Experience(
        owner=owner, scope=Scope.PRIVATE, status=Status.ACTIVE, kind=kind, source=source
    )
    note.is_pinned = is_pinned
    _set_text(note, trigger, content, matching)
    note.save()
    revision_record(note, RevisionAction.CREATED, by=owner)
    transaction.on_commit(lambda: experience_embed_soon(note))
    return note


@transaction.atomic
def note_edit(
    *,
    note: Experience,
    by: Any,
    trigger: str,
    content: str,
    kind: str,
    matching: str = Matching.MEANING,
) -> Experience:
    """Change the text of a note, or which questions it is for; with another text its counters
    begin anew.

    Raises
    ------
    InvalidInput, Conflict
        As :func:`note_create`.
    """
    before, had = snapshot(note), embedded_texts(note)
    note.kind = kind
    _set_text(note, trigger, content, matching)
    if snapshot(note) == before:
        return note
    if note.content != before["content"]:
        note.hits = note.helpful = note.harmful = 0
    if embedded_texts(note) != had:
        vectors_forget(note)
    note.save()
    revision_record(note, RevisionAction.EDITED, before=before, by=by)
    if note.vector is None:
        transaction.on_commit(lambda: experience_embed_soon(note))
    return note


def _set_text(note: Experience, trigger: str, content: str, matching: str) -> None:
    note.matching = matching
    is_always = matching == Matching.ALWAYS
    note.trigger = "" if is_always else " ".join(UNSTORABLE.sub("", trigger).split())
    _check_trigger(note)
    note.content = UNSTORABLE.sub("", content).strip()
    note.content_hash = text_hash(note.trigger, note.content, note.matching)
    try:
        note.full_clean(exclude=["owner", "group", "origin", "superseded_by"])
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(
            f"{name}: {messages[0]}", remedy=_("Correct it, and save again.")
        ) from error
    same = Experience.objects.owned_by(note.owner).filter(content_hash=note.content_hash)
    if note.owner is not None and same.exclude(pk=note.pk).exists():
        raise Conflict(_("You have this note already."), remedy=_("Change the one that is there."))


def _check_trigger(note: Experience) -> None:
    """A note for some questions says for which."""
    if note.matching == Matching.MEANING and not note.trigger:
        raise InvalidInput(
            _("The note does not say when it is of use."),
            remedy=_("Write a question or a few words, or choose every question."),
        )
    if note.matching == Matching.WORDS and not key_words(note.trigger):
        raise InvalidInput(
            _("“%(words)s” has no word by which a question could be told from others.")
            % {"words": note.trigger},
            remedy=_("Write what is asked for, such as: e-mail."),
        )


@transaction.atomic
def note_pin(*, note: Experience, by: Any, is_pinned: bool) -> Experience:
    """Keep the note whatever refinement says, or no longer."""
    before = snapshot(note)
    note.is_pinned = is_pinned
    note.save(update_fields=["is_pinned", "updated_at"])
    action = RevisionAction.PINNED if is_pinned else RevisionAction.UNPINNED
    revision_record(note, action, before=before, by=by)
    return note


@transaction.atomic
def note_switch(*, note: Experience, by: Any, is_on: bool) -> Experience:
    """Have the note used, or no longer; it stays in the list. Switched on by whoever said that it
    is wrong, it is shown to them again.

    Raises
    ------
    Conflict
        It was replaced by another, so that it cannot be switched on.
    """
    if is_on and note.superseded_by_id:
        raise Conflict(_("This note was replaced by another."), remedy=_("Use that one."))
    if is_on:
        Dispute.objects.filter(experience=note, user=by).delete()
    before = snapshot(note)
    note.status = Status.ACTIVE if is_on else Status.ARCHIVED
    note.reason = "" if is_on else "switched off by its owner"
    note.save(update_fields=["status", "reason", "updated_at"])
    action = RevisionAction.SWITCHED_ON if is_on else RevisionAction.SWITCHED_OFF
    revision_record(note, action, before=before, by=by)
    return note


@transaction.atomic
def note_delete(*, note: Experience, by: Any) -> None:
    """Delete the note with its vector, history and uses; memory forgets it at the next search."""
    audit_record(actor=by, action="experience.delete", subject=note)
    note.delete()


@transaction.atomic
def note_dispute(*, note: Experience, by: Any, message: Any = None) -> Experience:
    """Say that a note is wrong: it counts as harmful, and the person is not shown it any more.

    Their own is set aside at once; of a shared one, curators are told by a flag, and it goes on
    serving others until they have looked. Saying it twice counts once.
    """
    note = Experience.objects.select_for_update().get(pk=note.pk)
    is_own = note.owner_id == by.pk
    before = snapshot(note)
    uses = Use.objects.filter(experience=note, message__conversation__user=by)
    _dispute, is_new = Dispute.objects.get_or_create(experience=note, user=by)
    if message is not None:
        _settle_disputed(note, uses.filter(message=message))
    if is_new:
        note.harmful += 1
    if is_own:
        note.status, note.reason = Status.QUARANTINED, "said to be wrong by its owner"
    elif DISPUTED not in note.flags:
        note.flags = [*note.flags, DISPUTED]
    if snapshot(note) == before:
        return note
    note.save(update_fields=["harmful", "status", "reason", "flags", "helpful", "updated_at"])
    revision_record(note, RevisionAction.DISPUTED, before=before, by=by)
    audit_record(actor=by, action="experience.dispute", subject=note, data={"is_own": is_own})
    return note


def _settle_disputed(note: Experience, uses: Any) -> None:
    """The use is disputed; what it had counted for before no longer counts."""
    for use in uses.exclude(outcome=Outcome.DISPUTED):
        if use.outcome == Outcome.HELPFUL:
            note.helpful = max(note.helpful - 1, 0)
        elif use.outcome == Outcome.HARMFUL:
            note.harmful = max(note.harmful - 1, 0)
        use.outcome, use.outcome_by = Outcome.DISPUTED, "dispute"
        use.settled_at = timezone.now()
        use.save(update_fields=["outcome", "outcome_by", "settled_at"])


def uses_record(message_id: Any, notes: list[dict[str, Any]]) -> int:
    """Keep which notes a reply was shown; how many of them are still there."""
    known = set(
        Experience.objects.filter(pk__in=[note["id"] for note in notes]).values_list(
            "pk", flat=True
        )
    )
    rows = [
        Use(
            message_id=message_id,
            experience_id=note["id"],
            rank=note["rank"],
            similarity=note["similarity"],
            score=note["score"],
            n_tokens=note["n_tokens"],
        )
        for note in notes
        if str(note["id"]) in map(str, known)
    ]
    Use.objects.bulk_create(rows, ignore_conflicts=True)
    Experience.objects.filter(pk__in=known).update(hits=F("hits") + 1, last_used=timezone.now())
    return len(rows)
