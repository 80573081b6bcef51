"""How much a person may ask for in a day, in the chat and by the API together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from uno_site.audit.services import audit_record
from uno_site.errors import InvalidInput, UnoError
from uno_site.runtime.options import MAX_QUOTA
from uno_site.runtime.services import runtime_setting

from .models import DailyUsage, User


class QuotaExceeded(UnoError):
    """Somebody has used up what they may ask for today."""

    code = "quota_exceeded"
    status = 429


@dataclass(frozen=True, slots=True)
class Quota:
    """What a person may ask for in a day and has asked for today (UTC); 0 sets no limit."""

    max_messages: int
    max_tokens: int
    n_messages: int
    n_tokens: int

    @property
    def is_limited(self) -> bool:
        """Whether anything is limited at all."""
        return bool(self.max_messages or self.max_tokens)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing more may be asked for today."""
        no_messages = bool(self.max_messages) and self.n_messages >= self.max_messages
        return no_messages or (bool(self.max_tokens) and self.n_tokens >= self.max_tokens)


def quota_of(user: User) -> Quota:
    """A person's quota: their own, or that of their role."""
    used = DailyUsage.objects.filter(user=user, day=_today()).first()
    return Quota(
        max_messages=_limit(user.daily_messages, "messages", user.role),
        max_tokens=_limit(user.daily_tokens, "tokens", user.role),
        n_messages=used.n_messages if used else 0,
        n_tokens=used.n_tokens if used else 0,
    )


def quota_count_message(user: User) -> None:
    """Count one more message of ``user``.

    Raises
    ------
    QuotaExceeded
        Today's messages or tokens are used up; the message is not counted.
    """
    quota = quota_of(user)
    row, _is_new = DailyUsage.objects.get_or_create(user=user, day=_today())
    mine = DailyUsage.objects.filter(pk=row.pk)
    if quota.max_messages:
        mine = mine.filter(n_messages__lt=quota.max_messages)
    if quota.max_tokens:
        mine = mine.filter(n_tokens__lt=quota.max_tokens)
    # One statement checks and counts, so that two messages at once do not both slip through.
    if not mine.update(n_messages=F("n_messages") + 1):
        raise _refusal(quota)


def quota_return_message(user_id: UUID) -> None:
    """Take back that a message was counted today: nobody could answer it."""
    mine = DailyUsage.objects.filter(user=user_id, day=_today(), n_messages__gt=0)
    mine.update(n_messages=F("n_messages") - 1)


def quota_add_tokens(user_id: UUID | str, n_tokens: int) -> None:
    """Count what a reply to a person took: tokens read and written; nothing of who was erased."""
    if n_tokens <= 0 or not User.objects.filter(pk=user_id).exists():
        return
    row, _is_new = DailyUsage.objects.get_or_create(user_id=user_id, day=_today())
    DailyUsage.objects.filter(pk=row.pk).update(n_tokens=F("n_tokens") + n_tokens)


def quota_set(*, user: User, daily_messages: int | None, daily_tokens: int | None, by: Any) -> User:
    """Give a person a quota of their own; None leaves them their role's, 0 sets no limit.

    Raises
    ------
    InvalidInput
        A number out of range.
    """
    for number in (daily_messages, daily_tokens):
        if number is not None and not 0 <= number <= MAX_QUOTA:
            raise InvalidInput(
                _("%(number)s is no quota.") % {"number": number},
                remedy=_("Give a whole number from 0 to %(high)s.") % {"high": MAX_QUOTA},
            )
    user.daily_messages, user.daily_tokens = daily_messages, daily_tokens
    user.save(update_fields=["daily_messages", "daily_tokens"])
    data = {"daily_messages": daily_messages, "daily_tokens": daily_tokens}
    audit_record(actor=by, action="user.quota", subject=user, data=data)
    return user


def _limit(own: int | None, unit: str, role: str) -> int:
    return int(runtime_setting(f"daily_{unit}_{role}")) if own is None else own


def _today() -> Any:
    return timezone.now().astimezone(UTC).date()


def _refusal(quota: Quota) -> QuotaExceeded:
    now = timezone.now().astimezone(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    hours, minutes = divmod(int((midnight - now).total_seconds()) // 60 + 1, 60)
    if quota.max_messages and quota.n_messages >= quota.max_messages:
        words = _("You have sent %(n)s messages today; that is all you may.")
        values = {"n": f"{quota.max_messages:,}"}
    else:
        words = _("Your questions and replies took %(n)s tokens today; %(limit)s are allowed.")
        values = {"n": f"{quota.n_tokens:,}", "limit": f"{quota.max_tokens:,}"}
    wait = {"hours": hours, "minutes": minutes}
    return QuotaExceeded(
        words % values,
        remedy=_("It begins anew in %(hours)s h %(minutes)s min. An admin may raise it.") % wait,
    )
