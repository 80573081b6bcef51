"""A person's notes as a file, and from one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from chat.experience.interchange import NotePart, NotesFile
from chat.experience.models import Experience, Source, Status
from chat.experience.services.notes import note_create, note_switch
from uno_site.errors import Conflict, InvalidInput

MAX_FILE_BYTES = 8 * 2**20
MAX_REFUSED_KEPT = 50


@dataclass(slots=True)
class NotesReport:
    """How many notes came in or were there already, and what was refused, with the reason."""

    n_added: int = 0
    n_known: int = 0
    refused: list[str] = field(default_factory=list)


def notes_export(user: Any) -> str:
    """All of a person's own notes as JSON."""
    notes = (
        Experience.objects.owned_by(user).defer("vector", "content_vector").order_by("created_at")
    )
    parts = [_part(note).model_dump(mode="json") for note in notes]
    return NotesFile(exported_at=timezone.now(), notes=parts).model_dump_json(indent=1)


def _part(note: Experience) -> NotePart:
    return NotePart(
        kind=note.kind,
        matching=note.matching,
        trigger=note.trigger,
        content=note.content,
        is_pinned=note.is_pinned,
        is_on=note.status == Status.ACTIVE,
        status=note.status,
        source=note.source,
        created_at=note.created_at,
        hits=note.hits,
        helpful=note.helpful,
        harmful=note.harmful,
    )


def notes_import(*, user: Any, file: Any) -> NotesReport:
    """Take in the notes of an exported file as the person's own, each whole or not at all.

    Raises
    ------
    InvalidInput
        A file over :data:`MAX_FILE_BYTES`, or not such an export.
    """
    if file.size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise InvalidInput(
            _("The file is too large."), remedy=_("%(n)s MB is the most.") % {"n": limit}
        )
    try:
        parsed = NotesFile.model_validate_json(file.read())
    except ValidationError as error:
        raise InvalidInput(
            _("The file is no export of notes."), remedy=_("Choose a JSON file of your notes.")
        ) from error
    report = NotesReport()
    for number, row in enumerate(parsed.notes, start=1):
        _take(user, number, row, report)
    return report


def _take(user: Any, number: int, row: Any, report: NotesReport) -> None:
    try:
        part = NotePart.model_validate(row)
        _add(user, part)
        report.n_added += 1
    except Conflict:
        report.n_known += 1
    except (ValidationError, InvalidInput) as error:
        what = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        reason = _("Note %(number)s: %(what)s") % {"number": number, "what": what}
        report.refused += [reason][: MAX_REFUSED_KEPT - len(report.refused)]


@transaction.atomic
def _add(user: Any, part: NotePart) -> None:
    note = note_create(
        owner=user,
        trigger=part.trigger,
        content=part.content,
        kind=part.kind,
        matching=part.matching,
        source=Source.IMPORTED,
        is_pinned=part.is_pinned,
    )
    if not part.is_on:
        note_switch(note=note, by=user, is_on=False)
