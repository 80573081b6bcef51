"""The arms of the late ensemble: publishing them, and giving each conversation one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.bandit import (
    BANDIT,
    History,
    choice_probabilities,
    is_clearly_worse,
    make_history,
    narrowest,
    with_holdout,
)
from chat.models import ArmTable, Conversation, ConversationArm, ReplyOutcome, ServedArm
from chat.route_choice import ArmChoice
from uno_site.audit.services import audit_record
from uno_site.engine_clients import adapter_source
from uno_site.errors import Conflict, InvalidInput
from uno_site.runtime.services import runtime_setting

HOLDOUT = "holdout"
BASE_LABEL = "Base"
#: Older costs weigh nothing any more (.99 ** 1000 < .0001).
MAX_HISTORY = 1_000


@dataclass(frozen=True, slots=True)
class ArmSpec:
    """An adapter that shall be an arm; opaque here. The base is always one, and named nowhere."""

    label: str
    adapter_id: UUID
    adapter_name: str
    adapter_version: int
    adapter_path: str


def arm_table_active() -> ArmTable | None:
    """The arms that are tried, or None before any were published."""
    return ArmTable.objects.filter(is_active=True).first()


def live_arms() -> list[ServedArm]:
    """The arms that may answer, the base first; empty before any were published."""
    return list(ServedArm.objects.filter(table__is_active=True, retired_at=None))


@adapter_source
def arm_adapters() -> dict[str, str]:
    """The adapters of the live arms, name to path: what every engine should have loaded."""
    return {arm.adapter_name: arm.adapter_path for arm in live_arms() if not arm.is_base}


def arms_publish(*, arms: Sequence[ArmSpec], note: str, by: Any) -> ArmTable:
    """Try these adapters, and the base, from now on; all costs begin anew.

    Raises
    ------
    InvalidInput
        An adapter that comes twice, or without a name.
    Conflict
        Somebody else published at the same moment.
    """
    names = [arm.adapter_name for arm in arms]
    if len(set(names)) < len(names) or "" in names:
        raise InvalidInput(
            _("Each arm needs an adapter of its own."), remedy=_("Name every adapter once.")
        )
    try:
        with transaction.atomic():
            return _publish(arms, note, by)
    except IntegrityError as error:
        raise Conflict(
            _("Somebody else published arms at the same moment."), remedy=_("Look, then try again.")
        ) from error


def _publish(arms: Sequence[ArmSpec], note: str, by: Any) -> ArmTable:
    latest = ArmTable.objects.aggregate(latest=Max("version"))["latest"] or 0
    ArmTable.objects.filter(is_active=True).update(is_active=False)
    table = ArmTable.objects.create(
        version=latest + 1,
        is_active=True,
        note=note[:300],
        published_by=by if getattr(by, "pk", None) else None,
    )
    rows = [ServedArm(table=table, position=0, label=BASE_LABEL)]
    rows += [ServedArm(table=table, position=at, **asdict(arm)) for at, arm in enumerate(arms, 1)]
    ServedArm.objects.bulk_create(rows)
    data = {"version": table.version, "arms": [arm.adapter_name for arm in arms]}
    audit_record(actor=by, action="arms.publish", subject=table, data=data)
    return table


def arm_of(conversation_id: UUID, cluster_id: UUID | None) -> ArmChoice | None:
    """The arm that answers in a conversation: the one that it has, or one drawn for it now.

    ``cluster_id`` is the nearest cluster's. None where there is nothing to choose from.
    """
    arms = live_arms()
    if len(arms) < 2:
        return None
    drawn = ConversationArm.objects.filter(conversation=conversation_id, arm__in=arms)
    found = drawn.select_related("arm").first()
    if found is None:
        found = _draw(Conversation.objects.get(pk=conversation_id), cluster_id, arms)
    return ArmChoice(found.arm, found.probability, found.scope)


def _draw(
    conversation: Conversation, cluster_id: UUID | None, arms: Sequence[ServedArm]
) -> ConversationArm:
    histories = {
        scope: _history(rows, arms)
        for scope, rows in _scopes(conversation, cluster_id, arms).items()
    }
    scope = narrowest(histories, len(arms))
    share = runtime_setting("base_holdout_percent") / 100
    free = choice_probabilities(histories[scope], len(arms))
    probabilities = with_holdout(free, 0, share)
    if is_held_out(conversation.pk):
        index, scope = 0, HOLDOUT
    else:
        index = random.choices(range(len(arms)), list(free))[0]  # noqa: S311 - no secret
    values = {"arm": arms[index], "probability": float(probabilities[index]), "scope": scope}
    row, _is_new = ConversationArm.objects.update_or_create(
        conversation=conversation, defaults=values
    )
    return row


def is_held_out(conversation_id: UUID) -> bool:
    """Whether the base answers in this conversation whatever the costs say.

    A hash of the conversation decides: it stays so, and a larger share keeps whom a smaller had.
    """
    digest = hashlib.sha256(f"{HOLDOUT}/{conversation_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < runtime_setting("base_holdout_percent")


def arm_outcomes(arms: Collection[ServedArm]) -> QuerySet[ReplyOutcome]:
    """The costs of arms, of those who agree to be learned from."""
    return ReplyOutcome.objects.consented().judged().filter(arm__in=arms)


def _scopes(
    conversation: Conversation, cluster_id: UUID | None, arms: Collection[ServedArm]
) -> dict[str, QuerySet[ReplyOutcome]]:
    everything = arm_outcomes(arms)
    found = {"user": everything.filter(user=conversation.user_id), "global": everything}
    if cluster_id is not None:
        found["cluster"] = everything.filter(cluster_id=cluster_id)
    return found


def _history(rows: QuerySet[ReplyOutcome], arms: Sequence[ServedArm]) -> History:
    place = {arm.pk: index for index, arm in enumerate(arms)}
    latest = rows.order_by("-acted_at").values_list("arm", "cost")[:MAX_HISTORY]
    return make_history([(place[arm], cost) for arm, cost in reversed(list(latest))])


def arms_clearly_worse() -> list[ServedArm]:
    """The live arms whose replies cost clearly more than the base's."""
    base, *others = live_arms() or [None]
    if base is None or not others:
        return []
    before = list(arm_outcomes([base]).values_list("cost", flat=True))
    if len(before) < BANDIT.retire_min:
        return []
    return [
        arm
        for arm in others
        if is_clearly_worse(list(arm_outcomes([arm]).values_list("cost", flat=True)), before)
    ]


def arms_retire(arms: Collection[ServedArm], reason: str, by: Any = None) -> int:
    """Let these arms answer no more; their conversations get another one. How many there were."""
    live = ServedArm.objects.filter(pk__in=[arm.pk for arm in arms], retired_at=None)
    found = list(live.exclude(adapter_name=""))
    for arm in found:
        arm.retired_at, arm.retired_reason = timezone.now(), reason[:300]
        arm.save(update_fields=["retired_at", "retired_reason"])
        audit_record(actor=by, action="arms.retire", subject=arm, data={"reason": reason})
    return len(found)


def arms_drop(adapter_ids: Collection[UUID], reason: str) -> int:
    """Retire the arms of adapters that may not serve any more."""
    named = ServedArm.objects.filter(table__is_active=True, adapter_id__in=list(adapter_ids))
    return arms_retire(list(named), reason)
