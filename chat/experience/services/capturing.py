"""Episodes: replies with something said about them, pulled from the chats of people who agree.

Rows point at messages and copy no text. What is said later makes an episode wait again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chat.experience.ml.credit import attitude
from chat.experience.models import Episode, EpisodeState, UserSwitch
from chat.models import (
    ConversationOrigin,
    Feedback,
    Message,
    MessageOrigin,
    MessageRole,
    MessageState,
)
from chat.provenance import IMPORTED

#: Episodes that one person's chats may add in a day: nobody fills the store by themselves.
MAX_A_DAY = 200
BATCH = 500
Signal = dict[str, Any]


@dataclass(slots=True)
class CaptureReport:
    """How many episodes were added, changed, and refused with a reason."""

    n_added: int = 0
    n_changed: int = 0
    n_refused: int = 0


def replies_to_capture() -> QuerySet[Message]:
    """Replies with something said about them that their episode (if any) does not know yet.

    The model's own, of the chat pages: by the API a program may speak for many people. Only of
    people who consented, and did not switch learning notes off.
    """
    feedback = Feedback.objects.filter(message=OuterRef("pk"), user=OuterRef("conversation__user"))
    turns = Message.objects.filter(parent=OuterRef("pk"), role=MessageRole.USER)
    corrections = Message.objects.filter(correction_of=OuterRef("pk"))
    known = OuterRef("episodes__updated_at")
    is_said = Exists(feedback) | Exists(turns) | Exists(corrections)
    is_new = (
        Exists(feedback.filter(updated_at__gt=known))
        | Exists(turns.filter(created_at__gt=known))
        | Exists(corrections.filter(created_at__gt=known))
    )
    off = UserSwitch.objects.filter(user=OuterRef("conversation__user"), is_learning_on=False)
    is_imported = Q(provenance__has_key="reason", provenance__reason=IMPORTED)
    return (
        Message.objects.filter(
            Q(episodes=None) & is_said | Q(episodes__isnull=False) & is_new,
            ~is_imported,
            ~Exists(off),
            conversation__user__training_consent=True,
            conversation__origin=ConversationOrigin.CHAT,
            role=MessageRole.ASSISTANT,
            origin=MessageOrigin.MODEL,
            state__in=(MessageState.COMPLETE, MessageState.STOPPED),
            is_withdrawn=False,
            parent__isnull=False,
        )
        .exclude(content="")
        .order_by("created_at")
    )


def episodes_capture() -> CaptureReport:
    """Bring the episodes to where the chats are."""
    report = CaptureReport()
    chosen = replies_to_capture().select_related("conversation", "parent")
    for reply in list(chosen[:BATCH]):
        _capture(reply, report)
    return report


@transaction.atomic
def _capture(reply: Message, report: CaptureReport) -> None:
    heard = _heard(reply)
    digest = _digest(reply, heard)
    episode = Episode.objects.select_for_update().filter(message=reply).first()
    if episode is not None:
        _refresh(episode, heard, digest, report)
        return
    user_id = reply.conversation.user_id
    state, reason = _admitted(user_id, digest)
    Episode.objects.create(
        user_id=user_id,
        conversation_id=reply.conversation_id,
        message=reply,
        first=reply.parent,
        last=heard.last,
        signals=heard.signals,
        is_success=heard.is_success,
        state=state,
        reason=reason,
        hash=digest,
    )
    is_refused = state == EpisodeState.REFUSED
    report.n_refused += is_refused
    report.n_added += not is_refused


def _refresh(episode: Episode, heard: Heard, digest: str, report: CaptureReport) -> None:
    """What was said changed: it waits to be distilled anew."""
    if episode.hash != digest:
        episode.state, episode.reason = EpisodeState.PENDING, ""
        episode.claim, episode.claimed_at = "", None
        report.n_changed += 1
    episode.hash, episode.signals, episode.is_success = digest, heard.signals, heard.is_success
    episode.last = heard.last
    episode.save()


def _admitted(user_id: Any, digest: str) -> tuple[str, str]:
    """Whether a new episode is taken in; if not, why."""
    own = Episode.objects.filter(user=user_id)
    if own.filter(hash=digest).exists():
        return EpisodeState.REFUSED, "The same was said before."
    since = timezone.now() - timedelta(days=1)
    taken = own.filter(created_at__gt=since).exclude(state=EpisodeState.REFUSED)
    if taken.count() >= MAX_A_DAY:
        return EpisodeState.REFUSED, f"More than {MAX_A_DAY} in a day."
    return EpisodeState.PENDING, ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What followed a reply: ``signals`` without texts, ``texts`` for the hash alone."""

    signals: list[Signal]
    texts: tuple[str, ...]
    last: Message

    @property
    def is_success(self) -> bool | None:
        """Whether it went well; None where the signals disagree or say nothing."""
        votes = {vote for signal in self.signals if (vote := _vote(signal)) is not None}
        return votes.pop() if len(votes) == 1 else None


def _vote(signal: Signal) -> bool | None:
    kind, value = signal["kind"], signal["value"]
    if kind == "thumb":
        return bool(value > 0)
    if kind == "correction":
        return False
    if kind == "follow_up" and value != "none":
        return bool(value == "praise")
    return None


def _heard(reply: Message) -> Heard:
    signals: list[Signal] = []
    texts: list[str] = []
    last = reply
    for row in reply.feedback.filter(user=reply.conversation.user_id):
        signals.append({"kind": "thumb", "value": row.thumb})
        signals += [{"kind": "reason", "value": key} for key in row.reasons]
        if row.comment.strip():
            signals.append({"kind": "comment", "value": len(row.comment)})
            texts.append(row.comment)
    for message in reply.corrections.order_by("created_at"):
        signals.append({"kind": "correction", "value": str(message.pk)})
        texts.append(message.content)
        last = message
    for message in reply.children.filter(role=MessageRole.USER).order_by("created_at"):
        signals.append({"kind": "follow_up", "value": attitude(message.content)})
        texts.append(message.content)
        last = message
    siblings = Message.objects.filter(parent=reply.parent, created_at__gt=reply.created_at)
    if siblings.filter(origin=MessageOrigin.MODEL).exists():
        signals.append({"kind": "regenerated", "value": True})
    return Heard(signals, tuple(texts), last)


def _digest(reply: Message, heard: Heard) -> str:
    votes = [str(signal) for signal in heard.signals if signal["kind"] in ("thumb", "reason")]
    question = reply.parent.content if reply.parent else ""
    parts = (question, reply.content, *heard.texts, *votes)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
