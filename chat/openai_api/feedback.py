"""Feedback on completions, through the services that the chat's own buttons use."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from chat.models import Conversation, Message, MessageOrigin, MessageRole, ReplyOutcome
from chat.openai_api.bodies import FeedbackReceipt
from chat.openai_api.completions import ID_MARK
from chat.openai_api.errors import NotFound
from chat.openai_api.requests import FeedbackRequest
from chat.services.feedback import feedback_give
from chat.services.limits import clean_text
from chat.services.messages import message_correct
from chat.services.outcomes import outcome_say
from uno_site.accounts.models import User


@transaction.atomic
def completion_feedback(user: User, given: FeedbackRequest) -> FeedbackReceipt:
    """Keep feedback on one of the user's own completions; it replaces what was there.

    Raises
    ------
    NotFound
        No such completion is stored for this user.
    UnoError
        As the chat's services.
    """
    reply = own_reply(user, given.completion_id)
    # First the conversation, as all who change it do: so nobody waits for each other, and a
    # request that is sent twice at once finds what its twin has kept.
    Conversation.objects.select_for_update().filter(pk=reply.conversation_id).first()
    if given.thumb is not None:
        feedback_give(
            message=reply, thumb=given.thumb, reasons=given.reasons, comment=given.comment
        )
    if given.correction is not None and not _is_corrected_so(reply, given.correction):
        message_correct(message=reply, content=given.correction)
    if given.action is not None:
        outcome_say(message=reply, action=given.action)
    return _receipt(reply, given.completion_id)


def own_reply(user: User, completion_id: str) -> Message:
    """The reply that a completion's ``id``, or a message's own id, names.

    Raises
    ------
    NotFound
        It is not stored, or it is somebody else's.
    """
    replies = Message.objects.visible_to(user).select_related("conversation__user", "parent")
    try:
        key = UUID(completion_id.removeprefix(ID_MARK))
        return replies.get(pk=key, role=MessageRole.ASSISTANT, origin=MessageOrigin.MODEL)
    except (ValueError, Message.DoesNotExist):
        raise NotFound(
            f"No completion {completion_id!r} of yours is stored.",
            remedy="Completions are stored with your consent, unless store is false.",
            param="completion_id",
        ) from None


def _is_corrected_so(reply: Message, content: str) -> bool:
    """Whether the same correction is there already: a request that was sent again."""
    return reply.corrections.filter(content=clean_text(content)).exists()


def _receipt(reply: Message, completion_id: str) -> FeedbackReceipt:
    feedback = reply.feedback.filter(user=reply.conversation.user).first()
    correction = reply.corrections.order_by("-created_at").first()
    outcome = ReplyOutcome.objects.filter(message=reply).first()
    return FeedbackReceipt(
        completion_id=completion_id,
        thumb=feedback.thumb if feedback else None,
        reasons=feedback.reasons if feedback else [],
        comment=feedback.comment if feedback else "",
        correction=correction.content if correction else None,
        action=(outcome.action or None) if outcome else None,
    )
