"""Changing a note, with the revision that can take it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.translation import gettext as _

from chat.experience.models import Experience, RefineRun, Revision, RevisionAction
from uno_site.errors import Conflict

COUNTERS = frozenset({"hits", "helpful", "harmful"})


def experience_change(
    experience: Experience,
    action: RevisionAction,
    *,
    by: Any = None,
    run: RefineRun | None = None,
    reason: str = "",
    **values: Any,
) -> Revision | None:
    """Set fields of a note and record them as they were and as they are; None if none changed."""
    before = {name: _plain(getattr(experience, name)) for name in values}
    for name, value in values.items():
        setattr(experience, name, value)
    after = {name: _plain(getattr(experience, name)) for name in values}
    if before == after:
        return None
    experience.full_clean(exclude=["origin"])
    experience.save(update_fields=[*values, "updated_at"])
    return Revision.objects.create(
        experience=experience,
        action=action,
        before=before,
        after=after,
        by=by if getattr(by, "pk", None) else None,
        run=run,
        reason=reason[:300],
    )


def revision_undo(revision: Revision, *, by: Any) -> Revision | None:
    """Give the note the values it had before a revision; counters lose what it added.

    Raises
    ------
    Conflict
        Somebody changed one of the values since.
    """
    note = revision.experience
    note.refresh_from_db()
    values = {}
    for name, before in revision.before.items():
        after, now = revision.after[name], _plain(getattr(note, name))
        if name in COUNTERS:
            values[name] = max(0, now - (after - before))
        elif name == "last_used":
            continue
        elif now != after:
            raise Conflict(
                _("The note was changed since: its %(field)s is another one now.")
                % {"field": name},
                remedy=_("Take back the later change first."),
            )
        else:
            values[name] = _field(name, before)
    return experience_change(note, RevisionAction.RESTORED, by=by, run=revision.run, **values)


def _plain(value: Any) -> Any:
    """A field's value as JSON holds it."""
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return None
    return value.isoformat() if isinstance(value, datetime) else value


def _field(name: str, value: Any) -> Any:
    """A value as JSON held it, as the model's field wants it."""
    if value is None:
        return None
    if name == "superseded_by":
        return Experience.objects.filter(pk=value).first()
    return Experience._meta.get_field(name).to_python(value)
