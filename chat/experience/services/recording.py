"""The history of notes: every change is one revision, with the fields as they were and are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chat.experience.models import Experience, RefineRun, Revision, RevisionAction

#: The fields that a revision may tell of.
RECORDED = (
    *(
        "scope",
        "owner_id",
        "group_id",
        "kind",
        "matching",
        "trigger",
        "content",
        "status",
        "reason",
    ),
    *("importance", "is_pinned", "invalid_at", "superseded_by_id", "is_in_adapter"),
    *("helpful", "harmful", "hits", "flags"),
)


def snapshot(experience: Experience, fields: Iterable[str] = RECORDED) -> dict[str, Any]:
    """The values of ``fields`` as JSON."""
    return {name: _plain(getattr(experience, name)) for name in fields}


def revision_record(
    experience: Experience,
    action: RevisionAction,
    *,
    before: dict[str, Any] | None = None,
    by: Any = None,
    run: RefineRun | None = None,
    reason: str = "",
) -> Revision:
    """Keep what changed since ``before`` (a :func:`snapshot`; None for a new note)."""
    now = snapshot(experience)
    before = before or {}
    changed = [name for name in now if name not in before or before[name] != now[name]]
    return Revision.objects.create(
        experience=experience,
        action=action,
        before={name: before[name] for name in changed if name in before},
        after={name: now[name] for name in changed},
        by=by if getattr(by, "pk", None) else None,
        run=run,
        reason=reason[:300],
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | list | None) else str(value)
