"""A refinement is read first, applied, and taken back at once."""

from __future__ import annotations

import pytest

from chat.experience.models import Experience, RefineRun, RefineState, Source, Status
from curation.experience.changes import experience_change
from curation.experience.refining import (
    is_refine_due,
    refine_apply,
    refine_decline,
    refine_revert,
    refine_run_by_itself,
    refine_run_create,
)
from tests.curation.experience.rows import episode_of, note_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.errors import Conflict
from uno_site.runtime.services import runtime_settings_change

ASKED = "How often is the intake filter replaced?"
SAID = "The intake filter is replaced every 14 weeks."


@pytest.fixture
def store(alice: User, bob: User, scripted: ScriptedClient) -> dict[str, Experience]:
    """One row for every kind of change, and one that stays."""
    first, second = (episode_of(user, ASKED, "No idea.", SAID) for user in (alice, bob))
    return {
        "kept": note_of(None, ASKED, SAID, evidence=first, hits=4, helpful=3),
        "same": note_of(None, ASKED, f"{SAID[:-1]}!", evidence=second, hits=2, helpful=1),
        "older": note_of(None, "Which pump is loud?", "The loud pump is pump 3.", age_days=9),
        "newer": note_of(None, "Which pump is loud?", "The loud pump is pump 7."),
        "harmful": note_of(None, "Who has the key?", "Nobody has the key.", harmful=5),
    }


def states(store: dict[str, Experience]) -> dict[str, str]:
    rows = Experience.objects.in_bulk([note.pk for note in store.values()])
    return {name: rows[note.pk].status for name, note in store.items()}


def test_a_plan_changes_nothing(store: dict[str, Experience], curator: User) -> None:
    run = refine_run_create(by=curator)
    assert {item["action"] for item in run.plan} == {"merge", "contradict", "quarantine"}
    assert set(states(store).values()) == {Status.ACTIVE}
    assert SAID not in str(run.plan), "the plan names rows; their texts stay in the rows"


def test_applied_it_does_what_it_says(store: dict[str, Experience], curator: User) -> None:
    run = refine_apply(run=refine_run_create(), by=curator)
    assert run.state == RefineState.APPLIED
    assert states(store) == {
        "kept": Status.ACTIVE,
        "same": Status.SUPERSEDED,
        "older": Status.SUPERSEDED,
        "newer": Status.ACTIVE,
        "harmful": Status.QUARANTINED,
    }
    kept = Experience.objects.get(pk=store["kept"].pk)
    assert (kept.hits, kept.helpful, kept.evidence.count()) == (6, 4, 2)
    older = Experience.objects.get(pk=store["older"].pk)
    assert older.invalid_at is not None
    assert older.content == "The loud pump is pump 3.", "never overwritten"
    assert older.superseded_by_id == store["newer"].pk


def test_one_press_takes_it_all_back(store: dict[str, Experience], curator: User) -> None:
    run = refine_apply(run=refine_run_create(), by=curator)
    Experience.objects.filter(pk=store["kept"].pk).update(hits=7)
    refine_revert(run=run, by=curator)
    assert set(states(store).values()) == {Status.ACTIVE}
    kept = Experience.objects.get(pk=store["kept"].pk)
    assert (kept.hits, kept.helpful, kept.evidence.count()) == (5, 3, 1)
    assert Experience.objects.get(pk=store["older"].pk).invalid_at is None


def test_what_changed_since_the_plan_is_left_alone(
    store: dict[str, Experience], curator: User
) -> None:
    run = refine_run_create()
    experience_change(store["harmful"], "edited", by=curator, content="Ana has the key.")
    done = refine_apply(run=run, by=curator)
    assert states(store)["harmful"] == Status.ACTIVE
    assert done.figures["applied"]["skipped"] == 1


def test_it_is_decided_on_once(store: dict[str, Experience], curator: User) -> None:
    run = refine_decline(run=refine_run_create(), by=curator)
    with pytest.raises(Conflict):
        refine_apply(run=run, by=curator)
    with pytest.raises(Conflict):
        refine_revert(run=run, by=curator)


def test_declining_what_was_applied_meanwhile_leaves_it_to_be_taken_back(
    store: dict[str, Experience], curator: User
) -> None:
    seen = refine_run_create()
    refine_apply(run=RefineRun.objects.get(pk=seen.pk), by=curator)
    with pytest.raises(Conflict):
        refine_decline(run=seen, by=curator)
    assert refine_revert(run=seen, by=curator).state == RefineState.REVERTED


def test_a_newer_plan_takes_the_place_of_one_that_nobody_read(
    store: dict[str, Experience],
) -> None:
    first = refine_run_create()
    refine_run_create()
    first.refresh_from_db()
    assert first.state == RefineState.DECLINED


def test_the_instance_may_let_it_apply_itself(store: dict[str, Experience], admin: User) -> None:
    assert refine_run_by_itself().state == RefineState.PLANNED
    runtime_settings_change(values={"experience_refine_auto": True}, by=admin)
    assert refine_run_by_itself().state == RefineState.APPLIED


def test_two_peoples_notes_are_never_merged(
    alice: User, bob: User, scripted: ScriptedClient
) -> None:
    note_of(alice, ASKED, SAID)
    note_of(bob, ASKED, SAID)
    assert refine_run_create().plan == []


def test_what_a_person_wrote_for_themselves_is_theirs(
    alice: User, scripted: ScriptedClient
) -> None:
    note_of(alice, ASKED, SAID, source=Source.WRITTEN, harmful=9)
    assert refine_run_create().plan == []


def test_it_is_due_when_something_changed_and_a_day_is_over(
    store: dict[str, Experience],
) -> None:
    assert is_refine_due()
    refine_run_create()
    assert not is_refine_due()
