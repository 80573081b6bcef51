"""Changing a note, with the revision that can take it back."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat.experience.models import Experience, RefineRun, Revision, RevisionAction
from chat.experience.services.embedding import (
    embedded_texts,
    experience_embed_soon,
    text_hash,
    vectors_forget,
)
from chat.experience.services.recording import revision_record, snapshot
from uno_site.errors import Conflict

COUNTERS = frozenset({"hits", "helpful", "harmful"})
UNCHECKED = ["origin", "owner", "group", "superseded_by", "reviewer"]


def experience_change(
    note: Experience,
    action: RevisionAction,
    *,
    by: Any = None,
    run: RefineRun | None = None,
    reason: str = "",
    **values: Any,
) -> Revision | None:
    """Set fields of a note and record them as they were and as they are; None if none changed.

    A note that is found by other words now is embedded anew once this is committed; a rule's is
    found by its cluster's centroid, whatever it says.
    """
    before, had = snapshot(note), embedded_texts(note)
    for name, value in values.items():
        setattr(note, name, value)
    if "status" in values:
        note.reason = reason[:300]
    if snapshot(note) == before:
        return None
    if note.rule is None and embedded_texts(note) != had:
        vectors_forget(note)
        transaction.on_commit(lambda: experience_embed_soon(note))
    if "trigger" in values or "content" in values or "matching" in values:
        note.content_hash = text_hash(note.trigger, note.content, note.matching)
    note.full_clean(exclude=UNCHECKED)
    note.save()
    return revision_record(note, action, before=before, by=by, run=run, reason=reason)


def revision_undo(revision: Revision, *, by: Any) -> Revision | None:
    """Give the note the values it had before a revision; counters lose what it added.

    Raises
    ------
    Conflict
        Somebody changed one of the values since.
    """
    note = Experience.objects.get(pk=revision.experience_id)
    now = snapshot(note, revision.before)
    values = {}
    for name, before in revision.before.items():
        after = revision.after[name]
        if name in COUNTERS:
            values[name] = max(0, now[name] - (after - before))
        elif now[name] != after:
            raise Conflict(
                _("The note was changed since: its %(field)s is another one now.")
                % {"field": name},
                remedy=_("Take back the later change first."),
            )
        else:
            values[name] = _field(name, before)
    reason = values.pop("reason", "")
    return experience_change(
        note, RevisionAction.RESTORED, by=by, run=revision.run, reason=reason, **values
    )


def _field(name: str, value: Any) -> Any:
    """A value as JSON held it, as the model's field wants it."""
    if value is None or name == "flags":
        return value
    return Experience._meta.get_field(name.removesuffix("_id")).to_python(value)
