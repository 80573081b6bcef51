"""Erasing a person: the account, what their chats taught, and what was trained on it, at once.

The rooms below delete what they hold; this one knows the order, and extends the receipt.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chat.experience.models import ErasureReceipt
from curation.experience.erasing import (
    DELETED,
    ERASED,
    Item,
    person_forget,
    receipt_create,
    receipt_extend,
)
from curation.models import Cluster
from curation.services.withdrawal import orphans_reopen
from training.models import Adapter, TrainingExample
from training.services.personal.forgetting import personal_sync
from training.services.renaming import clusters_rename
from training.services.shared.forgetting import shared_sync
from training.services.starting_points import runs_after
from training.services.withdrawal import consent_sync
from uno_site.accounts.models import Role, User
from uno_site.audit.models import AuditEvent
from uno_site.audit.services import audit_record
from uno_site.errors import Conflict
from uno_site.uploads import uploads_forget

FLAGGED = "flagged"


def person_erase(*, user: User, by: Any) -> ErasureReceipt:
    """Delete an account with everything that is theirs, and take back what was learned from it.

    Adapters that learned from their logs or from what they said about replies, and those that went
    on from them, are flagged and taken off. Files that were exported before are out of reach:
    whoever exported them has to delete them.

    Raises
    ------
    Conflict
        Oneself, or the last admin.
    """
    _check(user, by)
    key, adapters = user.pk, _adapters_of(user)
    clusters = list(Cluster.objects.filter(entries__user=user).distinct())
    with transaction.atomic():
        receipt = person_forget(user=user, reason=ERASED, by=by, with_written=True)
        receipt = receipt or receipt_create(key, [], ERASED, by)
        n_rows = _delete(user)
    consent_sync()
    for _round in range(2):  # a run that waits is cancelled first, and forgotten then
        personal_sync()
        shared_sync()
    clusters_rename(clusters)
    _files_and_caches(key)
    items = [_item("training_adapter", pk, FLAGGED) for pk in adapters]
    receipt_extend(receipt, [*items, _item("accounts_user", key, DELETED)])
    data = {"n_rows": n_rows, "n_adapters": len(adapters)}
    audit_record(actor=by, action="user.erase", subject=receipt, data=data)
    return receipt


def _check(user: User, by: Any) -> None:
    if getattr(by, "pk", None) == user.pk:
        raise Conflict(_("You cannot erase yourself."), remedy=_("Ask another admin."))
    admins = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if user.is_admin and not admins.exists():
        raise Conflict(
            _("%(name)s is the only admin.") % {"name": user.username},
            remedy=_("Make somebody else an admin first."),
        )


def _adapters_of(user: User) -> list[UUID]:
    """What learned from their entries or, shared, from what they said; and what went on from it."""
    runs = TrainingExample.objects.filter(entry__user=user).values("run")
    is_theirs = Q(run__in=runs) | Q(run__shared_interactions__user=user)
    direct = Adapter.objects.filter(is_theirs).distinct()
    later = Adapter.objects.filter(run__in=runs_after(direct))
    return list({adapter.pk: None for adapter in (*direct, *later)})


def _delete(user: User) -> int:
    """The account with all that belongs to it; how many rows."""
    AuditEvent.objects.filter(subject_id=user.pk).update(data={})
    n_rows = user.delete()[0]
    orphans_reopen()
    return n_rows


def _files_and_caches(key: UUID) -> None:
    """What no table holds: uploads, sessions, and what was computed from rows that are gone."""
    uploads_forget(key)
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(key):
            session.delete()
    cache.clear()


def _item(table: str, key: UUID, done: str) -> Item:
    return {"table": table, "id": str(key), "done": done}
