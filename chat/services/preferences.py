"""A person's own preferences: kept, changed and deleted by them, found again for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import Conversation, ConversationOrigin, Message, Preference
from chat.preferences import NO_PREFERENCES, Preferences, Remembered
from chat.services.limits import clean_text
from uno_site.errors import Conflict

MAX_CHARS = 300
MAX_CONTEXT_CHARS = 2_000
#: One person keeps so many; the oldest that they did not write themselves go first.
MAX_KEPT = 500


def preferences_of(conversation: Conversation) -> Preferences:
    """What may go before the questions of a conversation: its owner's own, if they want it.

    Conversations of the public API have none: a program may ask in many people's names.
    """
    is_chat = conversation.origin == ConversationOrigin.CHAT
    if not (is_chat and conversation.user.wants_preferences):
        return NO_PREFERENCES
    own = Preference.objects.visible_to(conversation.user)
    # One whose context is not embedded yet cannot be near to anything.
    return tuple(
        Remembered(one.text, one.vector if one.context else None)
        for one in own[:MAX_KEPT]
        if not one.context or one.embedding
    )


@transaction.atomic
def preference_add(*, user: Any, text: str, context: str = "") -> Preference:
    """Keep a preference that the person wrote; without a context it holds everywhere.

    Raises
    ------
    InvalidInput
        An empty or too long text.
    Conflict
        It is there already.
    """
    text = clean_text(text, limit=MAX_CHARS)
    context = clean_text(context, limit=MAX_CONTEXT_CHARS) if context.strip() else ""
    if Preference.objects.visible_to(user).filter(text=text, context=context).exists():
        raise Conflict(_("You have this preference already."))
    return Preference.objects.create(user=user, text=text, context=context)


@transaction.atomic
def preference_change(*, preference: Preference, text: str) -> Preference:
    """Give a preference other words.

    Raises
    ------
    InvalidInput
        An empty or too long text.
    """
    preference.text = clean_text(text, limit=MAX_CHARS)
    preference.is_edited = preference.reply_id is not None
    preference.save()
    return preference


def preference_delete(*, preference: Preference) -> None:
    """Delete one; the edit that it was read off is not read again."""
    preference.delete()


def preferences_forget(user: Any) -> int:
    """Delete all of a person's; how many."""
    return Preference.objects.visible_to(user).delete()[0]


@transaction.atomic
def preferences_read(*, reply: Message, texts: Sequence[str]) -> int:
    """Keep what an edit of a reply says, in place of what an earlier edit of it said.

    What the person reworded stays. Empty texts say nothing and are left out.
    """
    user = reply.conversation.user
    Preference.objects.filter(reply=reply, is_edited=False).delete()
    context = reply.parent.content[:MAX_CONTEXT_CHARS] if reply.parent else ""
    kept = [text.strip()[:MAX_CHARS] for text in texts if text.strip()]
    rows = [Preference(user=user, reply=reply, text=text, context=context) for text in kept]
    Preference.objects.bulk_create(rows)
    _drop_oldest(user)
    return len(rows)


def _drop_oldest(user: Any) -> None:
    own = Preference.objects.visible_to(user)
    n_over = own.count() - MAX_KEPT
    if n_over > 0:
        oldest = own.exclude(reply=None).order_by("created_at")[:n_over]
        Preference.objects.filter(pk__in=[one.pk for one in oldest]).delete()
