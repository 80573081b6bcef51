"""API keys: made, shown once, checked, counted and revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from uno_site.audit.services import audit_record
from uno_site.errors import Conflict, InvalidInput, UnoError

from .models import ApiKey, ApiUsage, Scope, User

#: What every key begins with, so that people and scanners for leaked secrets know it.
TOKEN_MARK = "uno_"  # noqa: S105 - the beginning of every key, no secret
TOKEN_BYTES = 32
#: So many characters of a key stay readable; the rest holds 208 random bits.
PREFIX_CHARS = 12
#: Usable keys that one person may have at a time.
MAX_KEYS = 50
#: ``last_used_at`` is brought up to date this often, to spare a write for each request.
USE_NOTED_EVERY = timedelta(minutes=1)


class ApiKeyInvalid(UnoError):
    """No key, or one that lets nobody in."""

    code = "invalid_api_key"
    status = 401


class ScopeMissing(UnoError):
    """A key that may not be used for this."""

    code = "missing_scope"
    status = 403


@transaction.atomic
def api_key_create(
    *, user: User, name: str, scopes: Collection[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key of ``user``.

    Returns
    -------
    The row, and the key itself, which is kept nowhere: it can be shown this once.

    Raises
    ------
    InvalidInput
        No name, no scope or an unknown one, or an end in the past.
    Conflict
        :data:`MAX_KEYS` usable keys are there already.
    """
    name = " ".join(name.split())[:80]
    _check(name, scopes, expires_at)
    if user.api_keys.usable().count() >= MAX_KEYS:
        raise Conflict(
            _("You have %(n)s keys already.") % {"n": MAX_KEYS},
            remedy=_("Revoke one that is not used any more."),
        )
    token = TOKEN_MARK + secrets.token_urlsafe(TOKEN_BYTES)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=token[:PREFIX_CHARS],
        digest=_digest(token),
        scopes=[scope for scope in Scope.values if scope in scopes],
        expires_at=expires_at,
    )
    data = {"name": name, "prefix": key.prefix, "scopes": ", ".join(key.scopes)}
    audit_record(actor=user, action="api_key.create", subject=key, data=data)
    return key, token


def _check(name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    if not name:
        raise InvalidInput(_("The key has no name."), remedy=_("Say what it is for."))
    if not scopes or set(scopes) - set(Scope.values):
        raise InvalidInput(
            _("A key needs one of its scopes: %(known)s.") % {"known": ", ".join(Scope.values)}
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput(_("The key would be over already."), remedy=_("Choose a later day."))


@transaction.atomic
def api_key_revoke(*, key: ApiKey, by: User) -> None:
    """Let a key in no more, from now on and for good. Its usage stays on record.

    Raises
    ------
    Conflict
        It was revoked already.
    """
    now = timezone.now()
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        raise Conflict(_("This key was revoked already."))
    key.revoked_at = now
    data = {"name": key.name, "prefix": key.prefix, "owner": key.user.username}
    audit_record(actor=by, action="api_key.revoke", subject=key, data=data)


def api_key_find(token: str) -> ApiKey:
    """The usable key that ``token`` is, with its user.

    Raises
    ------
    ApiKeyInvalid
        Unknown, revoked or expired, or its person may not sign in; which, is not told.
    """
    keys = ApiKey.objects.usable().select_related("user")
    key = keys.filter(digest=_digest(token)).first() if token else None
    if key is None:
        raise ApiKeyInvalid(
            "No valid API key was sent.",
            remedy="Send one as `Authorization: Bearer uno_…`; keys are made on the profile page.",
        )
    return key


def api_key_check_scope(key: ApiKey, scope: str) -> None:
    """Refuse a key that may not be used for ``scope``.

    Raises
    ------
    ScopeMissing
        It may not.
    """
    if scope not in key.scopes:
        raise ScopeMissing(
            f"The API key {key.prefix}… lacks the scope {str(scope)!r}.",
            remedy="Make a key with this scope on the profile page.",
        )


def usage_add(
    key: ApiKey, *, n_requests: int = 0, prompt_tokens: int = 0, completion_tokens: int = 0
) -> None:
    """Count what a key was used for, on today's row; notes when it was last used."""
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)
    row, _is_new = ApiUsage.objects.get_or_create(key=key, day=now.date())
    ApiUsage.objects.filter(pk=row.pk).update(
        n_requests=F("n_requests") + n_requests,
        prompt_tokens=F("prompt_tokens") + prompt_tokens,
        completion_tokens=F("completion_tokens") + completion_tokens,
    )


def _digest(token: str) -> str:
    """SHA-256, hexadecimal. A key is 256 random bits: nothing slower or salted is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
