"""Erasing a person reaches the shared adapter at once, and the receipt names its versions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat.models import SharedRoute
from tests.factories import UserFactory
from tests.training.personal.conftest import say
from tests.training.shared.test_forgetting import rows
from training.models import Adapter, RunState, TrainingRun
from training.services.erasure import person_erase
from training.services.shared.forgetting import broken_runs
from uno_site.accounts.models import User
from uno_site.jobs.models import Job, JobState

pytestmark = pytest.mark.django_db


def flagged(receipt: Any) -> set[str]:
    return {item["id"] for item in receipt.items if item["done"] == "flagged"}


def test_the_version_is_flagged_taken_off_and_named(
    served: Adapter, bob: User, admin: User, talk: Any, scripted: Any
) -> None:
    theirs = {str(reply.pk) for reply in talk[bob.username]}
    receipt = person_erase(user=bob, by=admin)
    served.refresh_from_db()
    assert served.is_tainted
    assert not SharedRoute.objects.exists()
    assert scripted.loaded == {}
    assert not any(one.split("/")[0] in theirs for one in rows(served.run))
    assert not broken_runs().exists()
    assert flagged(receipt) == {str(served.pk)}


def test_so_are_the_versions_that_went_on_from_it(
    served: Adapter, alice: User, bob: User, admin: User, update: Any
) -> None:
    charlie = UserFactory(training_consent=True)
    for user in (alice, charlie):
        for _ in range(8):
            say(user)
    second = update().adapters.get()  # of nothing that bob said, but on top of it
    receipt = person_erase(user=bob, by=admin)
    second.refresh_from_db()
    assert second.is_tainted
    assert flagged(receipt) == {str(served.pk), str(second.pk)}


def test_versions_before_it_are_left_alone(
    served: Adapter, alice: User, admin: User, update: Any
) -> None:
    charlie = UserFactory(training_consent=True)
    for user in (alice, charlie):
        for _ in range(8):
            say(user)
    second = update().adapters.get()
    receipt = person_erase(user=charlie, by=admin)
    served.refresh_from_db()
    assert not served.is_tainted
    assert SharedRoute.objects.get().adapter_id == served.pk
    assert flagged(receipt) == {str(second.pk)}


def test_a_run_that_waits_for_a_worker_goes_with_its_folder(
    served: Adapter, bob: User, admin: User
) -> None:
    run = served.run
    served.delete()
    SharedRoute.objects.all().delete()
    job = Job.objects.create(kind="shared.update", state=JobState.QUEUED)
    TrainingRun.objects.update(state=RunState.TRAINING, job=job)
    person_erase(user=bob, by=admin)
    assert not Path(run.folder).exists()
    assert not TrainingRun.objects.exists()
