"""Signed files of shared notes, out and in.

What leaves: what a curator approved for everybody, and which notes must not be used any more.
No user ids, quotes, counters or vectors. What arrives is a candidate, whoever signed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.experience.models import (
    Experience,
    Kind,
    Matching,
    Origin,
    RevisionAction,
    Scope,
    Source,
    Status,
    Tombstone,
)
from chat.experience.services.embedding import experiences_embed, text_hash
from chat.experience.services.recording import revision_record
from curation.experience.changes import experience_change
from curation.experience.keys import signing_key
from curation.experience.sharing_rules import text_faults
from curation.ml.experience.signing import (
    FileRefused,
    deployment_id,
    header_of,
    sign_lines,
    verify_lines,
)
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput

ROW, TOMBSTONE = "row", "tombstone"


@dataclass(slots=True)
class ImportReport:
    """What a file brought: candidates, rows that were known or came changed, rows that were
    refused (by reason), tombstones and how many notes they removed."""

    n_rows: int = 0
    n_new: int = 0
    n_known: int = 0
    n_changed: int = 0
    n_buried: int = 0
    n_tombstones: int = 0
    n_removed: int = 0
    refusals: Counter[str] = field(default_factory=Counter)


def exportable_notes() -> Any:
    """Everybody's notes in use that a curator approved here."""
    rows = Experience.objects.serving().filter(
        scope=Scope.GLOBAL, origin=None, reviewer__isnull=False
    )
    return rows.order_by("created_at", "pk")


def export_lines(*, name: str = "") -> Iterator[str]:
    """The lines of a signed file of everything that may be shared."""
    header = {"name": name, "created_at": timezone.now().isoformat(timespec="seconds")}
    return sign_lines(header, _items(), signing_key())


def _items() -> Iterator[dict[str, Any]]:
    for note in exportable_notes():
        if not text_faults(note.trigger, note.content, note.matching):
            yield {
                "kind": ROW,
                "id": str(note.shared_as or note.pk),
                "note": note.kind,
                "matching": note.matching,
                "trigger": note.trigger,
                "content": note.content,
                "importance": round(note.importance, 3),
            }
    for stone in Tombstone.objects.filter(origin=None).order_by("at", "pk"):
        yield {"kind": TOMBSTONE, "id": str(stone.row), "reason": stone.reason}


@transaction.atomic
def origin_add(*, name: str, public_key: str, by: Any) -> Origin:
    """Trust a deployment's signature.

    Raises
    ------
    InvalidInput
        This is no public key.
    Conflict
        It is known already.
    """
    deployment = deployment_id(public_key)
    if Origin.objects.filter(deployment=deployment).exists():
        raise Conflict(_("This deployment is known already."))
    origin = Origin(name=name, deployment=deployment, public_key=public_key.strip(), added_by=by)
    origin.full_clean(exclude=["added_by"])
    origin.save()
    audit_record(actor=by, action="experience.origin_add", subject=origin)
    return origin


@transaction.atomic
def origin_switch(*, origin: Origin, is_on: bool, by: Any) -> Origin:
    """Use what a deployment sent, or none of it from now on."""
    origin.is_on = is_on
    origin.save(update_fields=["is_on", "updated_at"])
    data = {"is_on": is_on}
    audit_record(actor=by, action="experience.origin_switch", subject=origin, data=data)
    return origin


def import_lines(lines: Iterable[str], *, by: Any = None) -> ImportReport:
    """Take in a file of a known deployment: all of it, or nothing.

    Raises
    ------
    FileRefused
        The file is not what its sender signed; names the line.
    InvalidInput
        Nobody added the sender, or it is switched off.
    """
    read = list(lines)
    origin = _origin_of(read)
    signed = verify_lines(read, origin.public_key)
    rows = [_checked(number, item) for number, item in enumerate(signed.items, start=2)]
    with transaction.atomic():
        report = _take_in(rows, origin)
        origin.last_imported_at = timezone.now()
        origin.save(update_fields=["last_imported_at", "updated_at"])
        data = {"n_new": report.n_new, "n_removed": report.n_removed}
        audit_record(actor=by, action="experience.import", subject=origin, data=data)
    return report


def _origin_of(lines: list[str]) -> Origin:
    if not any(lines):
        raise FileRefused(1, _("the file is empty."))
    deployment = header_of(lines[0])["deployment"]
    try:
        origin = Origin.objects.filter(deployment=UUID(deployment)).first()
    except ValueError:
        raise FileRefused(1, _("the sender's id is no id.")) from None
    if origin is None:
        raise InvalidInput(
            _("Nobody here trusts the sender %(id)s.") % {"id": deployment},
            remedy=_("Add the deployment with its public key first."),
        )
    if not origin.is_on:
        raise InvalidInput(
            _("%(name)s is switched off.") % {"name": origin.name},
            remedy=_("Switch it on first."),
        )
    return origin


def _checked(number: int, item: dict[str, Any]) -> dict[str, Any]:
    """A signed line's content, if it is one that we know."""
    try:
        key = UUID(str(item["id"]))
        if item["kind"] == TOMBSTONE:
            return {"kind": TOMBSTONE, "id": key, "reason": str(item.get("reason", ""))[:40]}
        trigger, content = str(item["trigger"]), str(item["content"])
        matching = Matching(item.get("matching", Matching.MEANING))
        importance = min(max(float(item["importance"]), 0.0), 1.0)
        is_known = item["kind"] == ROW and item["note"] in Kind.values
    except (KeyError, ValueError, TypeError):
        is_known = False
    has_text = is_known and content.strip() and (trigger.strip() or matching == Matching.ALWAYS)
    if not has_text:
        raise FileRefused(number, _("this is neither a note nor a tombstone."))
    values = {"trigger": trigger, "content": content, "kind": item["note"], "matching": matching}
    return {"kind": ROW, "id": key, "values": {**values, "importance": importance}}


def _take_in(items: list[dict[str, Any]], origin: Origin) -> ImportReport:
    report = ImportReport()
    for item in items:
        if item["kind"] == TOMBSTONE:
            report.n_tombstones += 1
            report.n_removed += _bury(item, origin)
    buried = set(Tombstone.objects.filter(origin=origin).values_list("row", flat=True))
    for item in items:
        if item["kind"] == ROW:
            report.n_rows += 1
            if item["id"] in buried:
                report.n_buried += 1
            else:
                _take_row(item, origin, report)
    return report


def _bury(item: dict[str, Any], origin: Origin) -> int:
    Tombstone.objects.get_or_create(
        row=item["id"], origin=origin, defaults={"reason": item["reason"]}
    )
    gone = Experience.objects.filter(origin=origin, origin_row=item["id"])
    n_removed = gone.count()
    gone.delete()
    return n_removed


def _take_row(item: dict[str, Any], origin: Origin, report: ImportReport) -> None:
    values = item["values"]
    if faults := text_faults(values["trigger"], values["content"], values["matching"]):
        report.refusals.update(faults)
        return
    known = Experience.objects.filter(origin=origin, origin_row=item["id"]).first()
    digest = text_hash(values["trigger"], values["content"], values["matching"])
    if known is None:
        _create(item, origin, digest)
        report.n_new += 1
    elif digest in (known.sent_hash, known.content_hash):
        Experience.objects.filter(pk=known.pk).update(sent_hash=digest)
        report.n_known += 1
    else:
        _change(known, values, digest)
        report.n_changed += 1


def _create(item: dict[str, Any], origin: Origin, digest: str) -> None:
    note = Experience(
        scope=Scope.GLOBAL,
        status=Status.CANDIDATE,
        source=Source.IMPORTED,
        origin=origin,
        origin_row=item["id"],
        content_hash=digest,
        sent_hash=digest,
        **item["values"],
    )
    note.full_clean()
    note.save()
    experiences_embed([note])
    revision_record(note, RevisionAction.IMPORTED)


def _change(note: Experience, values: dict[str, Any], digest: str) -> None:
    """What arrives changed must be approved again, and begins to count anew."""
    experience_change(
        note,
        RevisionAction.IMPORTED,
        reason="its sender changed it",
        status=Status.CANDIDATE,
        sent_hash=digest,
        hits=0,
        helpful=0,
        harmful=0,
        **values,
    )
