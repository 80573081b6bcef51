"""What a message may be, and how often one may be sent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from uno_site.accounts.quotas import quota_count_message
from uno_site.errors import InvalidInput, UnoError
from uno_site.runtime.services import runtime_setting

#: Longest message in characters: about as much as the reference model can read at once.
MAX_MESSAGE_CHARS = 12_000
MAX_COMMENT_CHARS = 2_000
_WINDOW_SECONDS = 60


class TooManyMessages(UnoError):
    """Somebody asks for replies faster than is fair to the others."""

    code = "too_many_messages"
    status = 429


def clean_text(text: str, *, limit: int = MAX_MESSAGE_CHARS) -> str:
    """``text`` without surrounding blanks, as one kind of line ends.

    Raises
    ------
    InvalidInput
        Nothing but blanks, or longer than ``limit`` characters.
    """
    cleaned = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not cleaned:
        raise InvalidInput(_("The message is empty."), remedy=_("Write something first."))
    if len(cleaned) > limit:
        raise InvalidInput(
            _("The message has %(n)s characters; %(limit)s is the most.")
            % {"n": f"{len(cleaned):,}", "limit": f"{limit:,}"},
            remedy=_("Shorten it, or send it in parts."),
        )
    return cleaned


def count_send(user: Any) -> None:
    """Count one more reply asked for by ``user``.

    Raises
    ------
    TooManyMessages
        Too many within this minute.
    QuotaExceeded
        What the person may ask for today is used up.
    """
    allowance = count_in_minute(f"chat-sends:{user.pk}", limit=runtime_setting("sends_per_minute"))
    if allowance.is_exceeded:
        raise TooManyMessages(
            _("You have sent %(n)s messages within a minute.") % {"n": allowance.limit},
            remedy=_("Please wait %(n)s seconds.") % {"n": allowance.reset_seconds},
        )
    quota_count_message(user)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still be done within this minute, after ``n_used`` of ``limit`` times."""

    limit: int
    n_used: int
    reset_seconds: int

    @property
    def is_exceeded(self) -> bool:
        """Whether it was done too often."""
        return self.n_used > self.limit

    @property
    def n_left(self) -> int:
        """How often it may still be done."""
        return max(self.limit - self.n_used, 0)


def count_in_minute(subject: str, *, limit: int) -> Allowance:
    """Count one more of ``subject`` (a cache key) within this minute."""
    now = int(time.time())
    key = f"{subject}:{now // _WINDOW_SECONDS}"
    cache.add(key, 0, timeout=2 * _WINDOW_SECONDS)
    return Allowance(limit, cache.incr(key), _WINDOW_SECONDS - now % _WINDOW_SECONDS)
