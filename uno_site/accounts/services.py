"""Accounts: signing up, invitations, roles, consent."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from uno_site.audit.services import audit_record
from uno_site.database import transaction_lock
from uno_site.errors import Conflict, InvalidInput, UnoError
from uno_site.runtime.services import runtime_setting

from .models import ConsentEvent, Invitation, Role, User

#: Failed sign-ins of one name from one address within the window, before a pause.
MAX_FAILED_SIGN_INS = 8
FAILED_SIGN_IN_WINDOW_SECONDS = 300
#: Under it the first account is made.
_SIGN_UP_LOCK = 7_110_013


class TooManySignIns(UnoError):
    """Somebody is guessing a password."""

    code = "too_many_sign_ins"
    status = 429


def is_sign_up_open() -> bool:
    """Whether anybody may sign up: by the setting, or because nobody is there yet."""
    return bool(runtime_setting("open_signup")) or not User.objects.exists()


@transaction.atomic
def user_sign_up(
    *, username: str, password: str, email: str = "", invitation: Invitation | None = None
) -> User:
    """Make an account; the very first one is an admin's.

    Raises
    ------
    Conflict
        The invitation was used or has expired; or sign-up is closed.
    """
    transaction_lock(_SIGN_UP_LOCK)  # of several who would be the first at once, one is
    if invitation is not None:
        invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not invitation.is_open:
            raise Conflict(_("This invitation is no longer open."), remedy=_("Ask for a new one."))
        role = invitation.role
    elif is_sign_up_open():
        role = Role.USER if User.objects.exists() else Role.ADMIN
    else:
        raise Conflict(_("Sign-up is closed."), remedy=_("Ask an admin for an invitation."))
    user = User.objects.create_user(username=username, email=email, password=password, role=role)
    if invitation is not None:
        invitation.accepted_by = user
        invitation.save(update_fields=["accepted_by"])
    audit_record(actor=user, action="user.sign_up", subject=user, data={"role": role})
    return user


@transaction.atomic
def invitation_create(*, by: User, role: str, email: str = "") -> Invitation:
    """A link with which one person may sign up as ``role``."""
    invitation = Invitation(created_by=by, role=role, email=email)
    invitation.full_clean()
    invitation.save()
    audit_record(actor=by, action="invitation.create", subject=invitation, data={"role": role})
    return invitation


@transaction.atomic
def invitation_revoke(*, invitation: Invitation, by: User) -> None:
    """Close an invitation that nobody has used yet."""
    if invitation.accepted_by_id is not None:
        raise Conflict(_("This invitation was already used."))
    audit_record(actor=by, action="invitation.revoke", subject=invitation)
    invitation.delete()


@transaction.atomic
def user_set_role(*, user: User, role: str, by: User) -> User:
    """Change what a person may do.

    Raises
    ------
    Conflict
        It would leave the instance without an admin.
    """
    if role not in Role.values:
        raise Conflict(_("There is no role %(role)s.") % {"role": role})
    if user.is_admin and role != Role.ADMIN:
        _check_another_admin(user)
    before, user.role = user.role, role
    user.save(update_fields=["role"])
    data = {"before": before, "after": role}
    audit_record(actor=by, action="user.set_role", subject=user, data=data)
    return user


@transaction.atomic
def user_set_active(*, user: User, is_active: bool, by: User) -> User:
    """Let a person in, or shut them out; their data stays.

    Raises
    ------
    Conflict
        Oneself, or the last admin.
    """
    if user.pk == by.pk:
        raise Conflict(_("You cannot deactivate yourself."), remedy=_("Ask another admin."))
    if not is_active and user.is_admin:
        _check_another_admin(user)
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    action = "user.activate" if is_active else "user.deactivate"
    audit_record(actor=by, action=action, subject=user)
    return user


def _check_another_admin(user: User) -> None:
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    if not [admin for admin in admins if admin.pk != user.pk]:
        raise Conflict(
            _("%(name)s is the only admin.") % {"name": user.username},
            remedy=_("Make somebody else an admin first."),
        )


@transaction.atomic
def consent_set(*, user: User, has_consented: bool) -> ConsentEvent:
    """Keep a person's answer to the consent question; each answer stays on record.

    Whoever withdraws has no personal adapter either, and must ask for one anew.
    """
    user.training_consent = has_consented
    user.consent_changed_at = timezone.now()
    user.wants_personal_adapter = has_consented and user.wants_personal_adapter
    user.save(update_fields=["training_consent", "consent_changed_at", "wants_personal_adapter"])
    return ConsentEvent.objects.create(
        user=user, has_consented=has_consented, at=user.consent_changed_at
    )


def language_set(*, user: User, language: str) -> None:
    """Choose the language of a person's pages; empty leaves it to the browser.

    Raises
    ------
    InvalidInput
        UNO does not speak it.
    """
    if language and language not in dict(settings.LANGUAGES):
        raise InvalidInput(
            _("UNO does not speak “%(language)s”.") % {"language": language[:20]},
            remedy=_("Choose one from the list."),
        )
    user.language = language
    user.save(update_fields=["language"])


@transaction.atomic
def personal_adapter_switch(*, user: User, is_on: bool) -> None:
    """Let an adapter of one's own learn and answer, or stop it at once; what it learned stays.

    Raises
    ------
    Conflict
        Switched on without consent to learning.
    """
    if is_on and not user.training_consent:
        raise Conflict(
            _("A personal adapter learns from your chats, which you have not allowed."),
            remedy=_("Allow learning from your chats first."),
        )
    if user.wants_personal_adapter == is_on:
        return
    user.wants_personal_adapter = is_on
    user.save(update_fields=["wants_personal_adapter"])
    audit_record(actor=user, action="user.personal_adapter", subject=user, data={"is_on": is_on})


@transaction.atomic
def preferences_switch(*, user: User, is_on: bool) -> None:
    """Have what one's edits say go with one's questions, or stop it at once; it is kept."""
    if user.wants_preferences == is_on:
        return
    user.wants_preferences = is_on
    user.save(update_fields=["wants_preferences"])
    audit_record(actor=user, action="user.preferences", subject=user, data={"is_on": is_on})


def sign_in_check(username: str, address: str) -> None:
    """Refuse another attempt after too many failures.

    Raises
    ------
    TooManySignIns
        Within the last minutes, this name failed too often from this address.
    """
    if cache.get(_failures_key(username, address), 0) >= MAX_FAILED_SIGN_INS:
        raise TooManySignIns(
            _("Too many failed attempts."), remedy=_("Please try again in five minutes.")
        )


def sign_in_failed(username: str, address: str) -> None:
    """Count a failed attempt."""
    key = _failures_key(username, address)
    cache.add(key, 0, timeout=FAILED_SIGN_IN_WINDOW_SECONDS)
    cache.incr(key)


def _failures_key(username: str, address: str) -> str:
    return f"sign-in-failures:{address}:{username.strip().lower().encode().hex()[:150]}"
