"""Who is to decide on an item, and what curators write beside it."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from curation.models import Comment
from curation.services.claims import Reviewable
from curation.services.deciding import noun_of, record
from uno_site.errors import InvalidInput

MAX_COMMENT_CHARS = 2_000


@transaction.atomic
def item_assign(*, item: Reviewable, to: Any, by: Any) -> Reviewable:
    """Give the item to a curator, or (``to`` None) to nobody in particular.

    Raises
    ------
    InvalidInput
        ``to`` may not review.
    """
    if to is not None and not (to.is_curator and to.is_active):
        raise InvalidInput(
            _("%(username)s is no curator.") % {"username": to.username},
            remedy=_("Choose a curator."),
        )
    item.assigned_to = to
    item.save(update_fields=["assigned_to", "updated_at"])
    record(item, by, "assign", {"to": to.username if to else ""})
    return item


@transaction.atomic
def comment_add(*, item: Reviewable, text: str, by: Any) -> Comment:
    """Write something beside the item.

    Raises
    ------
    InvalidInput
        No text, or more than :data:`MAX_COMMENT_CHARS` characters.
    """
    text = text.strip()
    if not text:
        raise InvalidInput(_("The comment is empty."), remedy=_("Write it first."))
    if len(text) > MAX_COMMENT_CHARS:
        raise InvalidInput(
            _("The comment has %(n)s characters.") % {"n": f"{len(text):,}"},
            remedy=_("Keep it to %(limit)s.") % {"limit": f"{MAX_COMMENT_CHARS:,}"},
        )
    record(item, by, "comment")
    return Comment.objects.create(**{noun_of(item): item}, text=text, by=by)


@transaction.atomic
def comment_delete(*, comment: Comment, by: Any) -> None:
    """Take a comment away; the trail says that there was one."""
    record(comment.rule or comment.pair, by, "delete_comment")
    comment.delete()
