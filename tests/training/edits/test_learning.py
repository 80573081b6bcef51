"""Learning from edits: runs, the gate, arms; a collapsed DPO is never one of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from chat.models import ServedArm, ShippedNotice
from chat.services.arms import arms_retire, live_arms
from chat.services.outcomes import outcome_open
from tests.factories import ReplyFactory
from tests.training.edits.conftest import adapters, answering, edit
from training.lineage import answer_sources, entry_answers
from training.models import AdapterState, RunState, TrainingExample, TrainingRun, Verification
from training.services.edits.arms import edit_adapters, edit_arms_publish
from training.services.edits.learning import default_kinds, edits_are_due, edits_learn
from training.services.reporting import SilentReporter
from training.services.withdrawal import consent_sync
from uno_site.accounts.models import User
from uno_site.accounts.services import consent_set
from uno_site.errors import InvalidInput
from uno_site.runtime.services import runtime_settings_change

pytestmark = pytest.mark.django_db(transaction=True)
QUIET = SilentReporter()


def labels() -> list[str]:
    return [arm.label for arm in live_arms()]


@pytest.fixture
def ready(edited: list[Any], good: Any, torch_base: Any, trainer: Callable[..., None]) -> Any:
    """Enough edits, an engine and a trainer."""
    return good


def test_sft_and_the_early_ensemble_become_arms(ready: Any, alice: User) -> None:
    assert edits_are_due()
    told = edits_learn(QUIET)
    assert set(told["runs"].values()) == {RunState.ACCEPTED}
    assert labels() == ["Base", "SFT on edits", "Early ensemble"]
    assert {one.state for one in adapters()} == {AdapterState.SERVED}
    run = TrainingRun.objects.get(kind="ensemble")
    assert (run.n_train, run.n_validation) == (48, 12)
    assert TrainingExample.objects.filter(run=run).count() == 60
    assert run.config["dpo_weight"] == run.config["sft_weight"] == 1.0
    assert Path(adapters()[0].path).name.endswith("-sft-v1")
    assert set(ready.loaded) == {one.name for one in adapters()}
    assert not edits_are_due()
    assert ShippedNotice.objects.filter(user=alice).count() == 2


def test_an_entry_tells_which_answers_it_changed(ready: Any, alice: User) -> None:
    edits_learn(QUIET, kinds=["sft"])
    arm = live_arms()[1]
    why = {"kind": "arm", "reason": "no_routes", "arm_id": str(arm.pk)}
    reply = ReplyFactory(
        conversation__user=alice, provenance={**why, "adapter_id": str(arm.adapter_id)}
    )
    outcome_open(reply)
    example = TrainingExample.objects.filter(split="train", entry__user=alice).first()
    assert example is not None
    assert [list(one.own) for one in entry_answers(alice, example.entry)] == [[reply]]
    sources = answer_sources(alice, reply)
    assert sources is not None
    assert sources.entries.count() + sources.n_hidden == 48


def test_a_collapsed_dpo_is_refused_and_never_an_arm(ready: Any, admin: User) -> None:
    assert "dpo" not in default_kinds()
    runtime_settings_change(values={"edit_dpo": True}, by=admin)
    assert default_kinds() == ("sft", "ensemble", "dpo")
    ready.reply = answering(lambda n: "and so on and so on and so on and so on and so on")
    told = edits_learn(QUIET, kinds=["dpo"])
    assert list(told["runs"].values()) == [RunState.REFUSED]
    assert "go in circles" in Verification.objects.get().reason
    assert labels() == []
    assert edit_adapters() == []


def test_a_healthy_dpo_answers_only_where_the_admins_want_it(ready: Any, admin: User) -> None:
    edits_learn(QUIET, kinds=["dpo"])
    assert labels() == []
    runtime_settings_change(values={"edit_dpo": True}, by=admin)
    edit_arms_publish()
    assert labels() == ["Base", "DPO on edits"]


def test_what_does_not_come_nearer_is_refused(ready: Any) -> None:
    ready.reply = answering(lambda n: f"Dear Sir, this is mail {n}, and a long one as before.")
    edits_learn(QUIET, kinds=["sft"])
    assert adapters()[0].state == AdapterState.REFUSED
    assert labels() == []


def test_a_new_version_begins_anew_with_new_arms(ready: Any, alice: User) -> None:
    edits_learn(QUIET, kinds=["sft"])
    first = adapters()[0]
    for n in range(60, 70):
        edit(alice, n)
    assert edits_are_due()
    edits_learn(QUIET, kinds=["sft"])
    first.refresh_from_db()
    assert first.state == AdapterState.RETIRED
    assert [arm.adapter_version for arm in live_arms()] == [None, 2]
    assert ServedArm.objects.filter(table__is_active=True).count() == 2
    assert first.name not in ready.loaded


def test_a_retired_arm_does_not_come_back(ready: Any) -> None:
    edits_learn(QUIET, kinds=["sft"])
    arms_retire(live_arms(), "Worse.")
    edits_learn(QUIET, kinds=["ensemble"])
    assert labels() == ["Base", "Early ensemble"]


def test_who_withdraws_takes_the_arms_off(ready: Any, alice: User) -> None:
    edits_learn(QUIET)
    consent_set(user=alice, has_consented=False)
    assert consent_sync()["n_taken_off"] == 2
    assert labels() == ["Base"]
    assert all(one.is_tainted and one.state == AdapterState.RETIRED for one in adapters())
    assert ready.loaded == {}
    assert edit_arms_publish() is None


def test_too_few_edits_teach_nothing(ready: Any, admin: User) -> None:
    runtime_settings_change(values={"edits_to_train": 200}, by=admin)
    assert not edits_are_due()
    with pytest.raises(InvalidInput, match="60 edits"):
        edits_learn(QUIET)
    with pytest.raises(InvalidInput, match="magic"):
        edits_learn(QUIET, kinds=["magic"])


def test_what_is_due_can_be_learned(
    ready: Any, edited: list[Any], alice: User, admin: User, client_for: Any
) -> None:
    runtime_settings_change(values={"edits_to_train": 140}, by=admin)
    for n in range(60, 150):
        edit(alice, n)  # 120 of hers, 30 of bob's: of hers 100 count
    boss = client_for(admin)
    assert not edits_are_due()
    page = boss.get("/training/edits/").content.decode()
    assert "Learn from edits now" not in page
    assert "130 of them count" in page
    with pytest.raises(InvalidInput, match=r"130 edits.* at most 100 of one person count"):
        edits_learn(QUIET)
    for pair in edited[1::2]:
        pair.delete()
    runtime_settings_change(values={"edits_to_train": 120}, by=admin)
    assert edits_are_due()  # she is the only one left
    page = boss.get("/training/edits/").content.decode()
    assert "Learn from edits now" in page
    assert "of them count" not in page


def test_after_a_failure_it_is_tried_again_a_day_later(
    ready: Any, trainer: Callable[..., None]
) -> None:
    trainer(error="The disk is full.")
    edits_learn(QUIET)
    assert not edits_are_due()
    TrainingRun.objects.update(finished_at=timezone.now() - timedelta(hours=25))
    assert edits_are_due()


def test_what_is_left_after_a_withdrawal_is_learned_anew(ready: Any, alice: User) -> None:
    edits_learn(QUIET)
    assert not edits_are_due()
    consent_set(user=alice, has_consented=False)
    consent_sync()
    assert edits_are_due()
    edits_learn(QUIET)
    assert TrainingRun.objects.filter(n_train=24).count() == 2  # of bob's thirty alone
    assert not edits_are_due()


def test_a_kind_that_fails_holds_up_no_other(ready: Any, trainer: Callable[..., None]) -> None:
    trainer(error="The disk is full.")
    assert edits_learn(QUIET)["n_failed"] == 2
    assert not edits_are_due()  # for a day
    trainer()
    assert edits_learn(QUIET)["n_failed"] == 0


def test_publishing_routes_leaves_the_arms_alone(ready: Any) -> None:
    from training.services.publishing import publish

    edits_learn(QUIET, kinds=["sft"])
    publish(list, action="retire", by=None, reason="")
    assert adapters()[0].state == AdapterState.SERVED


def test_the_training_screens_show_it(ready: Any, admin: User, client_for: Any) -> None:
    edits_learn(QUIET, kinds=["sft"])
    run, adapter, boss = TrainingRun.objects.get(), adapters()[0], client_for(admin)
    assert "Everybody" in boss.get(f"/training/runs/{run.pk}/").content.decode()
    page = boss.get(f"/training/runs/{run.pk}/verification/").content.decode()
    assert "Distance to the users’ edits" in page
    assert "May this judge gate?" not in page
    page = boss.get(f"/training/adapters/{adapter.pk}/").content.decode()
    assert "See the arms" in page
    assert "Take off" not in page
