"""Weeks of edits of a filled instance: arms, what their replies cost, and one's preferences."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from chat.models import ConversationArm, ReplyOutcome, ServedArm
from chat.services.arms import ArmSpec, arms_publish, arms_retire
from chat.services.outcomes import outcome_open
from chat.services.preferences import preference_add, preferences_read
from tests.factories import ReplyFactory
from training.models import Adapter
from uno_site.accounts.models import User

COSTS = {"Base": 0.45, "SFT on edits": 0.7, "Early ensemble": 0.12}
N_REPLIES, N_WEEKS = 90, 6


def fill_edits(user: User, owner: User) -> None:
    """Three arms, one retired, over some weeks of ``user``; the preferences of ``owner``."""
    adapter = Adapter.objects.first()
    assert adapter is not None
    specs = [
        ArmSpec(label, adapter.pk, f"edits-{number}-v1", 1, "adapters/none")
        for number, label in enumerate(COSTS)
        if number
    ]
    arms = list(arms_publish(arms=specs, note="", by=None).arms.all())
    for number in range(N_REPLIES):
        _outcome(user, arms[number % len(arms)], number % N_WEEKS)
    arms_retire(arms[1:2], "Its replies cost clearly more than the base's.")
    reply = ReplyFactory(conversation__user=owner, parent__content="Write to my landlord.")
    preferences_read(reply=reply, texts=['Begin with "Hi,".', "Use at most 2 sentences."])
    preference_add(user=owner, text="Use metric units.")


def _outcome(user: User, arm: ServedArm, weeks_ago: int) -> None:
    why = {"kind": "base", "reason": "no_routes", "arm_id": str(arm.pk), "probability": 0.9}
    reply = ReplyFactory(conversation__user=user, provenance=why, content="word " * 40)
    row = outcome_open(reply)
    assert row is not None
    ConversationArm.objects.create(
        conversation=reply.conversation, arm=arm, probability=0.9, scope="global"
    )
    at = timezone.now() - timedelta(weeks=weeks_ago)
    cost = max(0.0, random.gauss(COSTS[arm.label], 0.15))
    is_said = random.random() < 0.7
    said = {"action": "edit" if cost else "copy", "cost": cost, "n_edits": round(40 * cost)}
    is_holdout = arm.is_base and random.random() < 0.5
    ReplyOutcome.objects.filter(pk=row.pk).update(
        created_at=at, acted_at=at, is_holdout=is_holdout, **(said if is_said else {})
    )
