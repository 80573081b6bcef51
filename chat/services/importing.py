"""Conversations that come back from an export, as new ones of the person who brings them.

What an export says about where a reply came from is not believed: of the provenance only the
model's name stays, marked as imported, and nothing is learned from such a reply.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import ijson
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from chat.interchange import FORMAT, VERSION, ConversationPart, MessagePart
from chat.models import Conversation, Feedback, Message, MessageOrigin, MessageState, Reason
from chat.provenance import IMPORTED
from chat.services.organising import conversation_file
from chat.services.parameters import may_configure, parameters_within
from uno_site.errors import InvalidInput
from uno_site.interchange.fields import storable
from uno_site.interchange.items import ItemStream, Row, iter_items
from uno_site.interchange.records import RowError

MAX_FILE_BYTES = 50 * 2**20
MAX_CONVERSATION_BYTES = 16 * 2**20
"""A longer conversation is read past, so that no file takes more memory than this asks for."""
MAX_REFUSED_KEPT = 50
_HEAD_BYTES = 200
_CONVERSATIONS = "conversations"
_DEPTH = 2
"""The conversations are items of one list in one object."""


@dataclass(slots=True)
class ImportReport:
    """What came in, and what was refused with the reason (the first of them)."""

    n_conversations: int = 0
    n_messages: int = 0
    refused: list[str] = field(default_factory=list)

    def refuse(self, reason: str) -> None:
        """Tell of one more that did not come in."""
        self.refused += [reason][: MAX_REFUSED_KEPT - len(self.refused)]


def is_own_export(file: Any) -> bool:
    """Whether an uploaded file says at its beginning that it was exported here."""
    head: bytes = file.read(_HEAD_BYTES)
    file.seek(0)
    return f'"{FORMAT}"'.encode() in head


def conversations_import(*, user: Any, file: Any) -> ImportReport:
    """Take in the conversations of an exported JSON file, each whole or not at all.

    Raises
    ------
    InvalidInput
        A file over :data:`MAX_FILE_BYTES`, no JSON, or not such an export.
    """
    _check(file)
    report = ImportReport()
    for number, row in _rows(file, report):
        _take(user, number, row, report)
    return report


def _rows(file: Any, report: ImportReport) -> Iterator[tuple[int, Row | RowError]]:
    number = 0
    try:
        for number, row in iter_items(ItemStream(file), _DEPTH, max_bytes=MAX_CONVERSATION_BYTES):
            yield number, row
    except (ijson.JSONError, OSError, ValueError):
        report.refuse(_("The file breaks off after conversation %(n)s.") % {"n": number})


def _check(file: Any) -> None:
    """Refuse what is no export of ours before anything of it is kept."""
    if file.size > MAX_FILE_BYTES:
        raise InvalidInput(
            _("The file has %(n)s MB; %(limit)s MB is the most.")
            % {"n": file.size // 2**20, "limit": MAX_FILE_BYTES // 2**20},
            remedy=_("Export fewer conversations at once."),
        )
    try:
        head = _head(file)
    except (ijson.JSONError, ValueError) as error:
        raise InvalidInput(_("The file is no JSON."), remedy=_("Choose a JSON export.")) from error
    if head != {"format": FORMAT, "version": VERSION}:
        raise InvalidInput(
            _("The file is no export of conversations in a version that is known here."),
            remedy=_("Export as JSON, and bring that file."),
        )


def _head(file: Any) -> dict[str, Any]:
    """What the file says of itself before its conversations; nothing where it has none."""
    found: dict[str, Any] = {}
    for prefix, event, value in ijson.parse(file):
        if (prefix, event) == (_CONVERSATIONS, "start_array"):
            file.seek(0)
            return found
        if prefix in ("format", "version"):
            found[prefix] = value
    return {}


def _take(user: Any, number: int, row: Row | RowError, report: ImportReport) -> None:
    if isinstance(row, RowError):
        report.refuse(_refusal(number, row.reason))
        return
    try:
        part = ConversationPart.model_validate(row)
    except ValidationError as error:
        report.refuse(_refusal(number, _in_words(error)))
        return
    _add(user, part)
    report.n_conversations += 1
    report.n_messages += len(part.messages)


def _refusal(number: int, what: str) -> str:
    return _("Conversation %(number)s: %(what)s") % {"number": number, "what": what}


def _in_words(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or _('its messages')}: {first['msg']}"


@transaction.atomic
def _add(user: Any, part: ConversationPart) -> None:
    conversation = Conversation.objects.create(
        user=user,
        title=storable(part.title),
        is_pinned=part.is_pinned,
        archived_at=part.archived_at,
    )
    ids = {message.id: uuid.uuid4() for message in part.messages}
    rows = [_message(conversation, message, ids) for message in part.messages]
    Message.objects.bulk_create(rows)
    # Creation sets the time of now; the order of the versions hangs on their own times.
    for row, message in zip(rows, part.messages, strict=True):
        row.created_at = message.created_at
    Message.objects.bulk_update(rows, ["created_at"], batch_size=200)
    Feedback.objects.bulk_create(_verdicts(user, part, ids))
    if part.folder:
        conversation_file(conversation=conversation, folder_name=storable(part.folder))
    settings = {}
    if may_configure(user):
        prompt, sampling = storable(part.system_prompt), parameters_within(part.sampling)
        settings = {"system_prompt": prompt, "sampling": sampling}
    Conversation.objects.filter(pk=conversation.pk).update(
        leaf=ids.get(part.leaf) if part.leaf else None,
        created_at=part.created_at,
        updated_at=part.updated_at,
        **settings,
    )


def _message(conversation: Conversation, part: MessagePart, ids: dict[UUID, UUID]) -> Message:
    is_cut = part.state == MessageState.GENERATING
    return Message(
        id=ids[part.id],
        conversation=conversation,
        parent_id=ids.get(part.parent) if part.parent else None,
        correction_of_id=ids.get(part.correction_of) if part.correction_of else None,
        role=part.role,
        origin=part.origin,
        state=MessageState.INTERRUPTED if is_cut else part.state,
        content=storable(part.content),
        error=storable(part.error),
        sampling={},
        provenance=_provenance(part),
    )


def _provenance(part: MessagePart) -> dict[str, Any]:
    if part.origin != MessageOrigin.MODEL:
        return {}
    model = part.provenance.get("model")
    name = storable(model[:200]) if isinstance(model, str) else ""
    return {"kind": "base", "reason": IMPORTED, "model": name}


def _verdicts(user: Any, part: ConversationPart, ids: dict[UUID, UUID]) -> list[Feedback]:
    return [
        Feedback(
            user=user,
            message_id=ids[message.id],
            thumb=message.feedback.thumb,
            reasons=[key for key in message.feedback.reasons if key in Reason.values],
            comment=storable(message.feedback.comment),
        )
        for message in part.messages
        if message.feedback is not None and message.role == "assistant"
    ]
