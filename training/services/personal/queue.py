"""A person's queue: their replies and what they said next, taken in with a reason for or against.

A follow-up is relevant if the sentence classifier finds a wish or a correction in it, or if the
person rewrote the reply. A small model learns as readily from what has nothing to do with the
reply (docs/experiments.md), so the rest is masked: it is in the queue, and teaches nothing.
What is said later counts too: it is judged anew, as long as no adapter has learned it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from chat.models import ConversationOrigin, Message, MessageOrigin, MessageRole, MessageState
from chat.provenance import IMPORTED
from curation.ml.classifier import SentenceClassifier
from curation.ml.extractive import extract_rules
from curation.roles.sentence_model import sentence_classifier
from curation.services.embedding import embedder_name
from training.models import Interaction, Mask
from training.personal_models import is_heard
from uno_site.engine_clients import base_model_name, served_client
from uno_site.inference.protocol import FloatArray

Embed = Callable[[Sequence[str]], FloatArray]
REWRITTEN = "Write it like this instead: {text}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said about a reply, after it was given."""

    comment: str = ""
    correction: str = ""
    follow_up: str = ""
    is_liked: bool = False

    @property
    def text(self) -> str:
        """The next message as the teacher is told it; empty where nothing was said."""
        rewritten = REWRITTEN.format(text=self.correction) if self.correction else ""
        return "\n\n".join(part for part in (self.comment, rewritten, self.follow_up) if part)

    @property
    def spoken(self) -> list[str]:
        """The parts in which a wish may be."""
        return [part for part in (self.comment, self.follow_up) if part]


def new_replies(user: Any) -> QuerySet[Message]:
    """The person's replies with something said about them that are not in their queue yet."""
    return heard(Message.objects.visible_to(user))


def heard(replies: QuerySet[Message]) -> QuerySet[Message]:
    """Those with something said about them that are in no queue yet, oldest first.

    The model's own, complete ones of the chat: not those of the API, where a program may speak
    for many people, nor those that came with an import or were taken out of the learning, nor
    those that were shown notes: these are not what the model would have said by itself.
    """
    # A key that is not there is neither equal nor unequal to anything.
    is_imported = Q(provenance__has_key="reason", provenance__reason=IMPORTED)
    return (
        replies.filter(
            is_heard("pk"),
            ~is_imported,
            conversation__origin=ConversationOrigin.CHAT,
            role=MessageRole.ASSISTANT,
            origin=MessageOrigin.MODEL,
            state=MessageState.COMPLETE,
            is_withdrawn=False,
            interaction=None,
            experience_uses=None,
            parent__isnull=False,
        )
        .exclude(content="")
        .order_by("created_at")
    )


def said_about(reply: Message) -> Said:
    """What its owner said about a reply: the first message after it, comment and last rewriting."""
    feedback = reply.feedback.filter(user=reply.conversation.user_id).first()
    correction = reply.corrections.order_by("-created_at").first()
    follow_up = reply.children.filter(role=MessageRole.USER).order_by("created_at").first()
    return Said(
        comment=feedback.comment.strip() if feedback else "",
        correction=correction.content.strip() if correction else "",
        follow_up=follow_up.content.strip() if follow_up else "",
        is_liked=bool(feedback and feedback.thumb > 0),
    )


def queue_fill(user: Any) -> int:
    """Take new replies into the person's queue, and judge those anew of which more was said;
    how many are new.

    Raises
    ------
    InferenceError
        The engine does not answer: what was said is embedded to be told apart.
    """
    replies = new_replies(user).select_related("conversation", "tokens")
    rows = [_row(user, reply) for reply in replies]
    own = Interaction.objects.visible_to(user)
    changed = list(own.changed().select_related("reply__conversation"))
    if not (rows or changed):
        return 0
    embed = served_client().embed
    mask = partial(mask_of, classifier=sentence_classifier(embed, embedder_name()), embed=embed)
    for row in (*rows, *changed):
        _judge(row, mask)
    Interaction.objects.bulk_update(changed, ["mask", "has_comment", "judged_at"])
    return len(Interaction.objects.bulk_create(rows, ignore_conflicts=True))


def _row(user: Any, reply: Message) -> Interaction:
    return Interaction(
        user=user,
        reply=reply,
        reply_key=reply.pk,
        has_sampled_ids=sampled_ids(reply) is not None,
        created_at=reply.created_at,
    )


def _judge(row: Interaction, mask: Callable[[Said], Mask]) -> None:
    row.judged_at = timezone.now()  # before what was said is read: what comes later is newer
    assert row.reply is not None, "only interactions that are there are judged"
    said = said_about(row.reply)
    row.mask, row.has_comment = mask(said), bool(said.comment)


def mask_of(said: Said, classifier: SentenceClassifier, embed: Embed) -> Mask:
    """Why an interaction teaches nothing, or :attr:`Mask.NONE`."""
    if said.correction:
        return Mask.NONE
    verdicts = [
        verdict for _, verdict in extract_rules(said.spoken, [], classifier, embed).sentences
    ]
    if any(verdict.is_kept for verdict in verdicts):
        return Mask.NONE
    is_praise = bool(verdicts) and all(verdict.kind == "praise" for verdict in verdicts)
    return Mask.SATISFIED if is_praise or said.is_liked else Mask.IRRELEVANT


def sampled_ids(reply: Message) -> list[int] | None:
    """The exact tokens of a reply, if they were kept and are the served base model's."""
    tokens = getattr(reply, "tokens", None)
    is_known = tokens is not None and tokens.model == base_model_name()
    return tokens.token_ids if is_known else None
