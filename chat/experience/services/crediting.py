"""Settling uses: what feedback and the next turn say goes onto the notes' counters.

Pulled by a job, like everything upstream: the chat knows nothing of it. A use that is settled is
settled anew when something newer was said; a dispute stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from chat.experience.ml.credit import Aftermath, credit
from chat.experience.models import Experience, Outcome, Use
from chat.models import Feedback, Message, MessageRole

CHUNK = 200
COUNTED = {Outcome.HELPFUL: "helpful", Outcome.HARMFUL: "harmful"}


@dataclass(slots=True)
class CreditReport:
    """How many uses were settled, by outcome."""

    n_helpful: int = 0
    n_harmful: int = 0
    n_neutral: int = 0
    n_reopened: int = 0


def uses_to_settle() -> QuerySet[Use]:
    """Uses whose reply has something said about it that was not weighed yet."""
    mine = Q(user=OuterRef("message__conversation__user"))
    feedback = Feedback.objects.filter(mine, message=OuterRef("message"))
    turns = Message.objects.filter(parent=OuterRef("message"), role=MessageRole.USER)
    corrections = Message.objects.filter(correction_of=OuterRef("message"))
    at = OuterRef("settled_at")
    is_new = Exists(feedback.filter(updated_at__gt=at)) | Exists(
        corrections.filter(created_at__gt=at)
    )
    is_said = Exists(feedback) | Exists(turns) | Exists(corrections)
    is_later = Q(outcome_by="next_turn") | Q(outcome_by="thumb") | Q(outcome_by="correction")
    is_taken_back = Q(outcome_by="thumb") & ~Exists(feedback)
    waiting = (Q(outcome=Outcome.OPEN) & is_said) | (is_later & is_new) | is_taken_back
    return Use.objects.filter(waiting).exclude(outcome=Outcome.DISPUTED)


def uses_settle() -> CreditReport:
    """Settle what can be; each use by itself, so that a crash loses none and counts none twice."""
    report = CreditReport()
    waiting = uses_to_settle().order_by("at", "pk").values_list("pk", flat=True)
    for key in list(waiting):
        _settle(key, report)
    return report


@transaction.atomic
def _settle(key: object, report: CreditReport) -> None:
    rows = Use.objects.select_for_update(of=("self",)).select_related(
        "experience", "message__parent", "message__conversation"
    )
    use = rows.get(pk=key)
    after = aftermath_of(use.message)
    found = credit(use.experience.content, after, similarity=use.similarity)
    outcome, by = found or (Outcome.OPEN, "")
    _count(use.experience_id, use.outcome, -1)
    _count(use.experience_id, outcome, 1)
    use.outcome, use.outcome_by = outcome, by
    use.settled_at = timezone.now() if by else None
    use.save(update_fields=["outcome", "outcome_by", "settled_at"])
    name = "n_reopened" if outcome == Outcome.OPEN else f"n_{outcome}"
    setattr(report, name, getattr(report, name) + 1)


def _count(experience_id: object, outcome: str, by: int) -> None:
    name = COUNTED.get(Outcome(outcome))
    if name is not None:
        rows = Experience.objects.filter(pk=experience_id)
        rows.update(**{name: Greatest(F(name) + by, 0) if by < 0 else F(name) + by})


def aftermath_of(reply: Message) -> Aftermath:
    """What its person said about a reply."""
    feedback = reply.feedback.filter(user=reply.conversation.user_id).first()
    correction = reply.corrections.order_by("-created_at").first()
    turn = reply.children.filter(role=MessageRole.USER).order_by("created_at").first()
    return Aftermath(
        question=reply.parent.content if reply.parent else "",
        reply=reply.content,
        thumb=feedback.thumb if feedback else 0,
        reasons=feedback.reasons if feedback else (),
        correction=correction.content if correction else "",
        next_turn=turn.content if turn else "",
    )
