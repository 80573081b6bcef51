"""What the page of edits says: costs with intervals, missing ones told, arms and the holdout."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from chat.models import ReplyOutcome, ServedArm
from chat.services.arms import ArmSpec, arms_publish, live_arms
from chat.services.outcomes import outcome_open
from tests.factories import ReplyFactory
from training.edit_figures import (
    arm_costs,
    costs_of,
    holdout,
    recent_outcomes,
    weekly_chart,
    weekly_costs,
)
from uno_site.accounts.models import User
from uno_site.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def arms(db: None) -> list[ServedArm]:
    arms_publish(arms=[ArmSpec("SFT on edits", uuid4(), "edits-sft-v1", 1, "x")], note="", by=None)
    return live_arms()


def outcome(
    user: User, cost: float | None, *, weeks_ago: int = 0, action: str = "edit", **values: Any
) -> ReplyOutcome:
    why = {"kind": "arm", "reason": "no_routes"}
    reply = ReplyFactory(conversation__user=user, provenance=why, content="a b c d")
    row = outcome_open(reply)
    assert row is not None
    at = timezone.now() - timedelta(weeks=weeks_ago)
    values["action"] = "" if cost is None and action == "edit" else action
    values |= {"cost": cost, "n_edits": None if cost is None else round(4 * cost)}
    ReplyOutcome.objects.filter(pk=row.pk).update(created_at=at, acted_at=at, **values)
    row.refresh_from_db()
    return row


def test_untouched_replies_are_told_and_not_counted(alice: User) -> None:
    rows = [outcome(alice, cost) for cost in (0.0, 0.0, 0.5, 1.0, None, None)]
    found = costs_of(rows)
    assert (found.n, found.n_missing) == (4, 2)
    assert found.mean is not None
    assert (found.mean.mean, found.n_edits, found.n_words) == (0.375, 1.5, 4)
    assert found.mean.low < 0.375 < found.mean.high
    assert found.median is not None
    assert found.median.mean == 0.25
    assert found.untouched_by_edits is not None
    assert found.untouched_by_edits.mean == 0.5


def test_nothing_said_is_no_figure(alice: User) -> None:
    found = costs_of([outcome(alice, None)])
    assert (found.mean, found.median, found.untouched_by_edits) == (None, None, None)


def test_weeks_stand_apart_and_old_ones_are_left_out(alice: User, bob: User) -> None:
    for weeks_ago, cost in ((0, 0.2), (1, 0.8), (1, 0.6), (20, 1.0)):
        outcome(alice, cost, weeks_ago=weeks_ago)
    bob.training_consent = False
    bob.save()
    outcome(bob, 1.0)
    weeks = weekly_costs(recent_outcomes())
    assert [week.costs.n for week in weeks] == [1, 2]
    assert weeks[1].costs.mean is not None
    assert weeks[1].costs.mean.mean == pytest.approx(0.7)
    assert weekly_chart(recent_outcomes()).chart is not None


def test_arms_and_the_holdout(arms: list[ServedArm], alice: User) -> None:
    base, sft = arms
    for cost in (0.4, 0.6):
        outcome(alice, cost, arm=base, is_holdout=True)
        outcome(alice, cost - 0.3, arm=sft)
    outcome(alice, None, arm=sft, action="regenerate")
    found = arm_costs()
    assert [one.costs.n for one in found] == [2, 2]
    assert found[1].regenerated is not None
    assert found[1].regenerated.mean == pytest.approx(1 / 3)
    kept = holdout(recent_outcomes())
    assert kept is not None
    assert kept.difference is not None
    assert kept.difference.mean == pytest.approx(-0.3)
    assert kept.difference.low < -0.3 < kept.difference.high


def test_who_may_see_and_press_what(
    arms: list[ServedArm], alice: User, curator: User, admin: User, client_for: Any
) -> None:
    outcome(alice, 0.5, arm=arms[1])
    url = f"/training/edits/arms/{arms[1].pk}/retire/"
    assert client_for(alice).get("/training/edits/").status_code == 404
    page = client_for(curator).get("/training/edits/").content.decode()
    assert "SFT on edits" in page
    assert url not in page
    assert client_for(curator).post(url).status_code in (403, 404)
    assert client_for(curator).post("/training/edits/learn/").status_code in (403, 404)
    boss = client_for(admin)
    assert url in boss.get("/training/edits/").content.decode()
    assert boss.post(url).status_code == 302
    assert [arm.is_base for arm in live_arms()] == [True]
    assert boss.post(url).status_code == 409
    boss.post("/training/edits/learn/")
    assert Job.objects.get().kind == "edits.learn"


def test_an_empty_instance_has_the_page(curator: User, client_for: Any) -> None:
    page = client_for(curator).get("/training/edits/").content.decode()
    assert "No arms yet" in page
