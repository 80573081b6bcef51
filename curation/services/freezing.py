"""From the chat's replies and what came after them to frozen log entries (UNO §1).

Upstream is pulled: the chat knows nothing of this. A later turn counts as feedback on the
reply right above it, so that no turn is anybody's feedback twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, Q

from chat.models import (
    Conversation,
    Feedback,
    Message,
    MessageOrigin,
    MessageRole,
    MessageState,
)
from chat.provenance import IMPORTED
from curation.models import LogEntry, unread
from curation.services.flags import CHANGED_AFTER_REVIEW, flag_add
from curation.services.withdrawal import artefacts_delete

FROZEN_STATES = (MessageState.COMPLETE, MessageState.STOPPED)
CHUNK = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """What an entry is to hold; equal drafts have equal hashes."""

    messages: list[dict[str, str]]
    response: str
    feedback: list[dict[str, str]] = field(default_factory=list)
    correction: str | None = None
    preferred_sibling: str | None = None

    @property
    def has_signal(self) -> bool:
        """Whether there is anything to learn from at all."""
        return bool(self.feedback or self.correction or self.preferred_sibling)

    @property
    def content_hash(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return content_hash(**asdict(self))


@dataclass(slots=True)
class FreezeReport:
    """How many entries were added, refreshed, kept although changed, and removed."""

    n_added: int = 0
    n_refreshed: int = 0
    n_kept: int = 0
    n_removed: int = 0


def content_hash(**parts: Any) -> str:
    """SHA-256 of an entry's content, hexadecimal."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def logs_freeze(
    *, conversations: Any = None, on_progress: Callable[[int], None] = lambda n: None
) -> FreezeReport:
    """Bring the log entries in step with the consented conversations.

    Parameters
    ----------
    conversations
        A queryset to look at; all by default. People without consent are left out.
    on_progress
        Called with the number of conversations done.
    """
    report = FreezeReport()
    chosen = Conversation.objects.all() if conversations is None else conversations
    replies = Q(messages__role=MessageRole.ASSISTANT, messages__origin=MessageOrigin.MODEL)
    chosen = chosen.filter(replies, user__training_consent=True).distinct().order_by("pk")
    messages = Message.objects.order_by("created_at").prefetch_related(
        Prefetch("feedback", queryset=Feedback.objects.order_by("created_at")), "log_entries"
    )
    loaded = chosen.prefetch_related(Prefetch("messages", queryset=messages))
    for number, conversation in enumerate(loaded.iterator(chunk_size=CHUNK), start=1):
        _freeze_conversation(conversation, report)
        on_progress(number)
    return report


def _freeze_conversation(conversation: Conversation, report: FreezeReport) -> None:
    tree = ConversationTree(conversation)
    for reply in tree.replies():
        draft = tree.draft(reply)
        entry = next(iter(reply.log_entries.all()), None)
        if entry is None and draft.has_signal:
            _entry_add(reply, conversation, draft)
            report.n_added += 1
        elif entry is not None and entry.content_hash != draft.content_hash:
            _entry_change(entry, draft, report)


def _entry_add(reply: Message, conversation: Conversation, draft: Draft) -> None:
    LogEntry.objects.get_or_create(
        message=reply,
        defaults={
            **_columns(draft),
            "user_id": conversation.user_id,
            "source": conversation.origin,
            "model": reply.provenance.get("model") or "",
            "adapter": reply.provenance.get("adapter_name") or "",
        },
    )


def _columns(draft: Draft) -> dict[str, Any]:
    query = draft.messages[-1]["content"] if draft.messages else ""
    return {**asdict(draft), "query": query, "content_hash": draft.content_hash}


@transaction.atomic
def _entry_change(entry: LogEntry, draft: Draft, report: FreezeReport) -> None:
    # Its person may have taken it out since it was read; saving would bring it back.
    current = LogEntry.objects.select_for_update().filter(pk=entry.pk).first()
    if current is None:
        return
    entry = current
    if has_reviews(entry):
        if flag_add(entry, CHANGED_AFTER_REVIEW):
            entry.save(update_fields=["flags", "updated_at"])
            report.n_kept += 1
    elif draft.has_signal:
        artefacts_delete([entry.pk])
        _refresh(entry, draft)
        report.n_refreshed += 1
    else:
        entry.delete()
        report.n_removed += 1


def _refresh(entry: LogEntry, draft: Draft) -> None:
    values = _columns(draft) | unread() | {"error": ""}
    for name, value in values.items():
        setattr(entry, name, value)
    entry.save()


def has_reviews(entry: LogEntry) -> bool:
    """Whether a person has decided on anything that was made from the entry."""
    decided = Q(reviewed_at__isnull=False, is_auto_approved=False)
    return entry.rules.filter(decided).exists() or entry.pairs.filter(decided).exists()


class ConversationTree:
    """One conversation's messages by parent, and the signals on each reply."""

    def __init__(self, conversation: Conversation) -> None:
        self.user_id = conversation.user_id
        self.messages = list(conversation.messages.all())
        self.by_id = {message.pk: message for message in self.messages}
        self.children: dict[Any, list[Message]] = defaultdict(list)
        self.corrections: dict[Any, list[Message]] = defaultdict(list)
        for message in self.messages:
            self.children[message.parent_id].append(message)
            if message.correction_of_id:
                self.corrections[message.correction_of_id].append(message)

    def replies(self) -> Iterator[Message]:
        """Our model's finished replies to somebody, but those taken out of the learning."""
        for message in self.messages:
            is_reply = message.role == MessageRole.ASSISTANT and message.parent_id in self.by_id
            if (
                is_reply
                and _is_ours(message)
                and message.state in FROZEN_STATES
                and message.content.strip()
                and not message.is_withdrawn
            ):
                yield message

    def draft(self, reply: Message) -> Draft:
        """The entry that the reply makes now."""
        return Draft(
            messages=self._context(reply),
            response=reply.content,
            feedback=self._feedback(reply),
            correction=self._correction(reply),
            preferred_sibling=self._preferred_sibling(reply),
        )

    def _context(self, reply: Message) -> list[dict[str, str]]:
        turns, message = [], self.by_id.get(reply.parent_id)
        while message is not None:
            turns.append({"role": message.role, "content": message.content})
            message = self.by_id.get(message.parent_id)
        system = reply.provenance.get("system_prompt")
        if system and turns and turns[-1]["role"] != MessageRole.SYSTEM:
            turns.append({"role": MessageRole.SYSTEM.value, "content": system})
        return turns[::-1]

    def _feedback(self, reply: Message) -> list[dict[str, str]]:
        signals = []
        for row in self._own_feedback(reply):
            signals.append({"kind": "thumb", "text": "up" if row.thumb > 0 else "down"})
            signals += [{"kind": "reason", "text": key} for key in row.reasons]
            if row.comment.strip():
                signals.append({"kind": "comment", "text": row.comment})
        return signals + [
            {"kind": "follow_up", "text": child.content}
            for child in self.children[reply.pk]
            if child.role == MessageRole.USER and child.content.strip()
        ]

    def _own_feedback(self, reply: Message) -> list[Feedback]:
        return [row for row in reply.feedback.all() if row.user_id == self.user_id]

    def _correction(self, reply: Message) -> str | None:
        """The latest correction, also where a correction was itself corrected."""
        found, seen = [], {reply.pk}
        waiting = list(self.corrections[reply.pk])
        while waiting:
            message = waiting.pop()
            if message.pk not in seen:
                seen.add(message.pk)
                found.append(message)
                waiting += self.corrections[message.pk]
        if not found:
            return None
        return max(found, key=lambda message: message.created_at).content

    def _preferred_sibling(self, reply: Message) -> str | None:
        """A regenerated reply that the user liked, where this one was not liked as well."""
        if self._is_liked(reply):
            return None
        liked = [
            sibling
            for sibling in self.children[reply.parent_id]
            if sibling.pk != reply.pk and _is_ours(sibling) and self._is_liked(sibling)
        ]
        return max(liked, key=lambda message: message.created_at).content if liked else None

    def _is_liked(self, reply: Message) -> bool:
        return any(row.thumb > 0 for row in self._own_feedback(reply))


def _is_ours(message: Message) -> bool:
    """Whether our model wrote it; a reply from a file may say so, and may come in many times."""
    is_imported = message.provenance.get("reason") == IMPORTED
    return message.origin == MessageOrigin.MODEL and not is_imported
