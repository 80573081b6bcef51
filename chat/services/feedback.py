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
    if thumb not in (1, -1):
        raise InvalidInput(f"A thumb is 1 or -1, not {thumb}.")
    _check_votable(message)
    own = {"message": message, "user": message.conversation.user}
    given = Feedback.objects.select_for_update().filter(**own).first()
    if given is not None and given.thumb == thumb:
        feedback_withdraw(message=message)
        return None
    # The reasons belong to the thumb: they say why it was bad.
    feedback, _created = Feedback.objects.update_or_create(
        **own, defaults={"thumb": thumb, **({"reasons": []} if given else {})}
    )
    if thumb > 0:
        outcome_act(message, TerminalAction.ACCEPT)
    else:
        outcome_take_back(message, TerminalAction.ACCEPT)
    return feedback


@transaction.atomic
def feedback_explain(*, feedback: Feedback, reasons: Iterable[str], comment: str) -> Feedback:
    """Keep why the reply was good or bad; both may be empty.

    Raises
    ------
    InvalidInput
        An unknown reason key, or a comment over 2,000 characters.
    """
    chosen = list(dict.fromkeys(reasons))
    if unknown := [key for key in chosen if key not in Reason.values]:
        raise InvalidInput(
            f"Unknown reasons: {', '.join(unknown)}.", remedy=f"Known: {', '.join(Reason.values)}."
        )
    feedback.reasons = chosen
    feedback.comment = clean_text(comment, limit=MAX_COMMENT_CHARS) if comment.strip() else ""
    feedback.full_clean()
    feedback.save()
    return feedback


@transaction.atomic
def feedback_give(
    *, message: Message, thumb: int, reasons: Iterable[str] = (), comment: str = ""
) -> Feedback:
    """Give feedback all at once; what was given before is replaced.

    Raises
    ------
    InvalidInput, Conflict
        As :func:`feedback_vote` and :func:`feedback_explain`.
    """
    given = message.feedback.filter(user=message.conversation.user, thumb=thumb).first()
    feedback = given or feedback_vote(message=message, thumb=thumb)
    assert feedback is not None, "a vote is taken back only where the same one was given"
    return feedback_explain(feedback=feedback, reasons=reasons, comment=comment)


@transaction.atomic
def feedback_withdraw(*, message: Message) -> None:
    """Take the feedback back, and with it that the reply was accepted; none is fine too."""
    n_deleted, _rows = message.feedback.filter(user=message.conversation.user).delete()
    if n_deleted:
        outcome_take_back(message, TerminalAction.ACCEPT)


def _check_votable(message: Message) -> None:
    if message.role != MessageRole.ASSISTANT:
        raise Conflict(_("Only replies can be voted on."))
    if message.state == MessageState.GENERATING:
        raise Conflict(_("The reply is still being written."), remedy=_("Vote when it is there."))
