"""A person's verdict on a reply: thumb, reasons, comment."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import Feedback, Message, MessageRole, MessageState, Reason, TerminalAction
from chat.services.limits import MAX_COMMENT_CHARS, clean_text
from chat.services.outcomes import outcome_act, outcome_take_back
from uno_site.errors import Conflict, InvalidInput


@transaction.atomic
def feedback_vote(*, message: Message, thumb: int) -> Feedback | None:
    """Vote on a reply; the same thumb once more takes the vote back (and returns None).

    A thumb up accepts the reply as it is.

    Raises
    ------
    InvalidInput
        Neither 1 nor -1.
    Conflict
        Not a reply of the model, or one that is still being written.
    """
    _check_vote(message, thumb)
    given = message.feedback.select_for_update().filter(user=message.conversation.user).first()
    if given is not None and given.thumb == thumb:
        feedback_withdraw(message=message)
        return None
    return _thumb_set(message, thumb)


@transaction.atomic
def feedback_explain(*, feedback: Feedback, reasons: Iterable[str], comment: str) -> Feedback:
    """Keep why the reply was good or bad; both may be empty.

    Raises
    ------
    InvalidInput
        An unknown reason key, or a comment over 2,000 characters.
    Conflict
        The feedback was withdrawn meanwhile.
    """
    chosen = list(dict.fromkeys(reasons))
    if unknown := [key for key in chosen if key not in Reason.values]:
        raise InvalidInput(
            f"Unknown reasons: {', '.join(unknown)}.", remedy=f"Known: {', '.join(Reason.values)}."
        )
    kept = Feedback.objects.select_for_update().filter(pk=feedback.pk).first()
    if kept is None:
        raise Conflict(_("Vote taken back."))
    kept.reasons = chosen
    kept.comment = clean_text(comment, limit=MAX_COMMENT_CHARS) if comment.strip() else ""
    kept.full_clean()
    kept.save()
    return kept


@transaction.atomic
def feedback_give(
    *, message: Message, thumb: int, reasons: Iterable[str] = (), comment: str = ""
) -> Feedback:
    """Give feedback all at once; what was given before is replaced, the same stays as it is.

    Raises
    ------
    InvalidInput, Conflict
        As :func:`feedback_vote` and :func:`feedback_explain`.
    """
    _check_vote(message, thumb)
    feedback = _thumb_set(message, thumb)
    return feedback_explain(feedback=feedback, reasons=reasons, comment=comment)


@transaction.atomic
def feedback_withdraw(*, message: Message) -> None:
    """Take the feedback back, and with it that the reply was accepted; none is fine too."""
    n_deleted, _rows = message.feedback.filter(user=message.conversation.user).delete()
    if n_deleted:
        outcome_take_back(message, TerminalAction.ACCEPT)


def _thumb_set(message: Message, thumb: int) -> Feedback:
    """The person's feedback with this thumb, made or changed where it was not so; locked."""
    feedback, is_new = Feedback.objects.select_for_update().get_or_create(
        message=message, user=message.conversation.user, defaults={"thumb": thumb}
    )
    if not is_new and feedback.thumb == thumb:
        return feedback
    if not is_new:
        # The reasons belong to the thumb: they say why it was bad.
        feedback.thumb, feedback.reasons = thumb, []
        feedback.save()
    if thumb > 0:
        outcome_act(message, TerminalAction.ACCEPT)
    else:
        outcome_take_back(message, TerminalAction.ACCEPT)
    return feedback


def _check_vote(message: Message, thumb: int) -> None:
    if thumb not in (1, -1):
        raise InvalidInput(f"A thumb is 1 or -1, not {thumb}.")
    if message.role != MessageRole.ASSISTANT:
        raise Conflict(_("Only replies can be voted on."))
    if message.state == MessageState.GENERATING:
        raise Conflict(_("The reply is still being written."), remedy=_("Vote when it is there."))
