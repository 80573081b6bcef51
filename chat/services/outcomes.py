"""What became of replies: a row for each that is finished, and what its person did with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.edit_cost import levenshtein, tokenize
from chat.models import (
    Message,
    MessageOrigin,
    MessageRole,
    MessageState,
    ReplyOutcome,
    ServedArm,
    TerminalAction,
)
from chat.outcome_models import AFFIRMATIVE
from chat.provenance import IMPORTED
from uno_site.errors import InvalidInput

#: What people and programs may say themselves; the others follow from what they do.
SAYABLE = (*AFFIRMATIVE, TerminalAction.ABANDON)
#: What an act writes.
ACT_FIELDS = ("action", "acted_at", "cost", "n_edits")


def outcome_open(message: Message) -> ReplyOutcome | None:
    """The outcome of a reply of our model's, made now if there is none; None for other messages."""
    is_reply = message.role == MessageRole.ASSISTANT and message.origin == MessageOrigin.MODEL
    provenance = message.provenance
    if not is_reply or not provenance or provenance.get("reason") == IMPORTED:
        return None
    values = _policy(provenance) | {
        "user_id": message.conversation.user_id,
        "n_words": len(tokenize(message.content)),
    }
    if message.state == MessageState.STOPPED:
        values |= {"action": TerminalAction.ABANDON, "acted_at": timezone.now()}
    outcome, _is_new = ReplyOutcome.objects.get_or_create(message=message, defaults=values)
    return outcome


def _policy(provenance: Mapping[str, Any]) -> dict[str, Any]:
    arm_id = provenance.get("arm_id")
    return {
        "kind": provenance.get("kind") or "base",
        "model": provenance.get("model") or "",
        "adapter_name": provenance.get("adapter_name") or "",
        "arm": ServedArm.objects.filter(pk=arm_id).first() if arm_id else None,
        "is_holdout": provenance.get("arm_scope") == "holdout",
        "cluster_id": _uuid(provenance.get("cluster_id")),
        "probability": provenance.get("probability"),
        "prompt_sha256": provenance.get("prompt_sha256") or "",
        "n_prompt_tokens": provenance.get("prompt_tokens") or 0,
        "n_completion_tokens": provenance.get("completion_tokens") or 0,
    }


def _uuid(value: Any) -> UUID | None:
    return UUID(value) if value else None


@transaction.atomic
def outcome_say(*, message: Message, action: str) -> ReplyOutcome | None:
    """A person, or a program in their name, says what became of a reply.

    Of a correction it is said of the reply that was corrected: whose cost stays that of the edit.

    Raises
    ------
    InvalidInput
        Nothing that can be said.
    """
    if action not in SAYABLE:
        raise InvalidInput(
            _("“%(action)s” is nothing that can become of a reply.") % {"action": action},
            remedy=_("Choose one of: %(known)s.") % {"known": ", ".join(SAYABLE)},
        )
    return outcome_act(message, action)


@transaction.atomic
def outcome_act(message: Message, action: str) -> ReplyOutcome | None:
    """Record the latest act. An affirmative one makes the cost 0, unless it was edited before."""
    outcome = _outcome_locked(corrected_reply(message))
    if outcome is not None:
        _act(outcome, action)
    return outcome


def _outcome_locked(reply: Message) -> ReplyOutcome | None:
    """The outcome as it is now, for us alone until the transaction ends."""
    outcome = outcome_open(reply)
    if outcome is None:
        return None
    return ReplyOutcome.objects.select_for_update().filter(pk=outcome.pk).first()


def _act(outcome: ReplyOutcome, action: str) -> None:
    """Write the act on a locked outcome."""
    if not outcome.n_edits:
        outcome.cost = 0.0 if action in AFFIRMATIVE else None
        outcome.n_edits = 0 if action in AFFIRMATIVE else None
    outcome.action, outcome.acted_at = action, timezone.now()
    outcome.save(update_fields=ACT_FIELDS)


@transaction.atomic
def outcome_edit(message: Message, correction: Message) -> ReplyOutcome | None:
    """Record an edit: its cost is that from the model's own words to the latest ones."""
    reply = corrected_reply(message)
    outcome = _outcome_locked(reply)
    if outcome is None:
        return None
    words = tokenize(reply.content)
    outcome.n_words, outcome.n_edits = len(words), levenshtein(words, tokenize(correction.content))
    outcome.cost = outcome.n_edits / max(1, len(words))
    outcome.action, outcome.acted_at = TerminalAction.EDIT, timezone.now()
    outcome.correction, outcome.preferences_read_at = correction, None
    outcome.save(update_fields=[*ACT_FIELDS, "n_words", "correction", "preferences_read_at"])
    return outcome


@transaction.atomic
def outcome_take_back(message: Message, action: str) -> None:
    """A person takes an act back: the reply is untouched again, if that was the last one."""
    last = ReplyOutcome.objects.filter(message=corrected_reply(message), action=action)
    last.filter(correction=None).update(action="", cost=None, n_edits=None, acted_at=None)


@transaction.atomic
def outcomes_abandon(question: Message) -> None:
    """Who asks anew in other words leaves the replies that they did nothing with."""
    for reply in question.children.filter(role=MessageRole.ASSISTANT):
        outcome = _outcome_locked(reply)
        if outcome is not None and not outcome.action:
            _act(outcome, TerminalAction.ABANDON)


def corrected_reply(message: Message) -> Message:
    """The model's reply behind a correction, and behind a correction of that one."""
    seen = {message.pk}
    while message.correction_of is not None and message.correction_of_id not in seen:
        message = message.correction_of
        seen.add(message.pk)
    return message
