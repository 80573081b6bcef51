"""The jobs of the curation rooms, and when the schedule starts them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from curation.models import CurationPolicy, EntryState, LogEntry, ReviewState, Rule
from curation.services import processing
from curation.services.processing import (
    PROCESS,
    RETRY_AFTER,
    STAGES,
    has_pending_work,
    is_processing_due,
)
from tests.factories import (
    ClusterFactory,
    FeedbackFactory,
    LogEntryFactory,
    RuleFactory,
    UserFactory,
)
from tests.scripted import ScriptedClient
from uno_site.errors import UnoError
from uno_site.inference.errors import EngineUnreachable
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.registry import get_kind
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _roles(settled_roles: object, scripted: ScriptedClient) -> None:
    """Every role is checked already, and the engine is a script."""


def test_processing_leads_from_the_chat_to_the_queue() -> None:
    FeedbackFactory(comment="Please use bullet points.", reasons=["too_long"])
    job = job_run_now(kind="curation.process")
    entry = LogEntry.objects.get()
    assert entry.state == EntryState.DISTILLED
    assert "Keep the answer shorter." in entry.rules.values_list("text", flat=True)
    assert entry.cluster is not None
    assert set(job.result) == {stage.key for stage in STAGES}
    assert job.progress == 1.0
    assert "Distilling rules" in job.log


def test_processing_twice_changes_nothing() -> None:
    FeedbackFactory(reasons=["too_long"])
    job_run_now(kind="curation.process")
    again = job_run_now(kind="curation.process").result
    assert again["freeze"]["n_added"] == again["distil"]["n_rules"] == 0


@pytest.mark.parametrize(
    "kind", ["curation.freeze", "curation.distil", "curation.cluster", "curation.gap"]
)
def test_each_stage_runs_by_itself_on_an_empty_instance(kind: str) -> None:
    assert job_run_now(kind=kind).state == "succeeded"


def test_there_is_work_while_something_is_new() -> None:
    assert not has_pending_work()
    FeedbackFactory(reasons=["too_long"])
    assert has_pending_work()
    job_run_now(kind="curation.process")
    assert not has_pending_work()
    LogEntryFactory()
    assert has_pending_work()


@pytest.mark.parametrize("stage", ["rules_merge", "clusters_update", "gaps_update"])
def test_imported_logs_are_work_until_they_are_through(
    monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def broken(**_: object) -> None:
        raise EngineUnreachable("The engine is away.")

    entry = LogEntryFactory(user=None, source="import:file", correction="Dear Ana, no. Best, Bo")
    with monkeypatch.context() as away:
        away.setattr(processing, stage, broken)
        with pytest.raises(UnoError, match="away"):
            job_run_now(kind="curation.process")
    entry.refresh_from_db()
    assert entry.state == EntryState.DISTILLED
    assert has_pending_work()
    job_run_now(kind="curation.process")
    entry.refresh_from_db()
    assert (entry.cluster is not None, entry.pairs.count()) == (True, 1)
    assert not has_pending_work()


def test_entries_without_a_standing_rule_have_no_place_to_wait_for() -> None:
    rule = RuleFactory(state=ReviewState.REJECTED)
    assert not has_pending_work()
    Rule.objects.update(state=ReviewState.PROPOSED)
    assert has_pending_work()
    LogEntry.objects.filter(pk=rule.entry_id).update(cluster=ClusterFactory())
    assert not has_pending_work()


def test_the_policy_can_switch_the_schedule_off() -> None:
    LogEntryFactory()
    assert is_processing_due()
    policy = CurationPolicy.current()
    policy.distil_on_feedback = False
    policy.save()
    assert not is_processing_due()


def test_withdrawn_logs_are_work_for_the_schedule() -> None:
    kind = get_kind("curation.sync_consent")
    assert kind.every_minutes
    assert not kind.has_work()
    RuleFactory(entry__user=UserFactory(training_consent=False))
    assert kind.has_work()
    assert job_run_now(kind="curation.sync_consent").result["entries"] == 1
    assert not kind.has_work()


def test_a_run_that_failed_is_not_tried_again_at_once() -> None:
    LogEntryFactory(state=EntryState.PENDING)
    assert is_processing_due()
    job = Job.objects.create(kind=PROCESS, state=JobState.FAILED, finished_at=timezone.now())
    assert has_pending_work()
    assert not is_processing_due()
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now() - RETRY_AFTER)
    assert is_processing_due()
