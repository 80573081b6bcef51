"""A wish that was said of several questions becomes one note for all of their sort."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from chat.experience.models import Evidence, Experience, Matching, Scope, Status
from chat.experience.selectors import notes_for
from curation.experience.changes import experience_change
from curation.experience.distilling import episodes_distil
from curation.experience.promotion import PromotionRefused, candidate_decide, note_promote
from curation.experience.refining import refine_apply, refine_revert, refine_run_create
from curation.experience.selectors import planned_changes
from tests.curation.experience.rows import episode_of, note_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

WISH = "Use a numbered list."
TIPS = ("Any tips for camping?", "Give me tips for cooking rice.", "Tips for jet lag, please.")
NEW = "What tips do you have for painting a room?"


@pytest.fixture
def learned(alice: User, scripted: ScriptedClient) -> list[Experience]:
    return [
        note_of(
            alice, asked, WISH, kind="preference", evidence=episode_of(alice, asked, "Well.", WISH)
        )
        for asked in TIPS
    ]


def shown(user: User, scripted: ScriptedClient, question: str) -> list[str]:
    return [
        item.candidate.content for item in notes_for(user, question, scripted.embed([question])[0])
    ]


def reworded(notes: list[Experience], commit: Any, **values: int) -> None:
    """Let all of the notes ask for longer answers."""
    with commit(execute=True):
        for note in notes:
            experience_change(note, "edited", content="Give a longer answer.", **values)


def refine(commit: Any, by: User | None = None) -> Any:
    with commit(execute=True):
        return refine_apply(run=refine_run_create(), by=by)


def test_the_curator_reads_it_first(learned: list[Experience], curator: User) -> None:
    run = refine_run_create()
    assert run.figures["widen"] == 1 and run.figures["merge"] == 2
    assert "tips" not in str(run.plan), "the plan keeps no text"
    assert not Experience.objects.exclude(matching=Matching.MEANING).exists()
    (wide,) = [change for change in planned_changes(run, curator) if change.action == "widen"]
    assert wide.words == "tips"
    assert wide.reason_in_words == "Said of several questions that have these words."


def test_applied_it_reaches_a_new_question_of_the_sort_and_no_other(
    learned: list[Experience],
    alice: User,
    bob: User,
    scripted: ScriptedClient,
    django_capture_on_commit_callbacks: Any,
) -> None:
    assert shown(alice, scripted, NEW) == []
    refine(django_capture_on_commit_callbacks)
    (note,) = Experience.objects.filter(status=Status.ACTIVE)
    assert (note.matching, note.trigger, note.evidence.count()) == (Matching.WORDS, "tips", 3)
    assert note.vector is not None
    assert shown(alice, scripted, NEW) == [WISH]
    assert shown(alice, scripted, "How tall is Mount Everest?") == []
    assert shown(bob, scripted, NEW) == [], "it stays the person's own"


def test_one_press_takes_it_back(
    learned: list[Experience],
    alice: User,
    curator: User,
    scripted: ScriptedClient,
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = refine(django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        refine_revert(run=run, by=curator)
    rows = Experience.objects.order_by("created_at")
    assert [(row.trigger, row.status, row.matching) for row in rows] == [
        (asked, Status.ACTIVE, Matching.MEANING) for asked in TIPS
    ]
    assert [row.evidence.count() for row in rows] == [1, 1, 1]
    assert shown(alice, scripted, TIPS[0]) == [WISH], "it is found by its question again"
    assert shown(alice, scripted, NEW) == []


def test_who_says_it_again_adds_evidence_and_no_row(
    learned: list[Experience], alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    refine(django_capture_on_commit_callbacks)
    episode = episode_of(alice, NEW, "Buy a brush. Then paint.", WISH)
    assert episodes_distil(is_busy=lambda: False).n_notes == 0
    assert Evidence.objects.filter(episode=episode, experience__trigger="tips").exists()


def test_one_exception_does_not_undo_it_but_stands_against_it(
    learned: list[Experience],
    alice: User,
    scripted: ScriptedClient,
    django_capture_on_commit_callbacks: Any,
) -> None:
    reworded(learned, django_capture_on_commit_callbacks)
    refine(django_capture_on_commit_callbacks)
    episode_of(alice, NEW, "Buy a brush. Then paint.", "Keep the answer shorter.")
    episodes_distil(is_busy=lambda: False)
    wide = Experience.objects.get(trigger="tips")
    assert wide.status == Status.ACTIVE
    assert wide.evidence.filter(is_for=False).count() == 1
    assert shown(alice, scripted, NEW)[0] == "Keep the answer shorter."
    actions = {item["action"] for item in refine_run_create().plan}
    assert "contradict" not in actions, "an exception is no contradiction"


def test_a_taste_that_turned_ends_the_old_one(
    learned: list[Experience],
    alice: User,
    scripted: ScriptedClient,
    django_capture_on_commit_callbacks: Any,
) -> None:
    reworded(learned, django_capture_on_commit_callbacks, helpful=9)
    refine(django_capture_on_commit_callbacks)
    for thing in ("golf", "chess", "judo"):
        asked = f"Tips for {thing}?"
        said = episode_of(alice, asked, "Well.", "Keep the answer shorter.")
        note_of(
            alice,
            asked,
            "Keep the answer shorter.",
            kind="preference",
            age_days=0,
            evidence=said,
        )
    refine(django_capture_on_commit_callbacks)
    refine(django_capture_on_commit_callbacks)
    (wide,) = Experience.objects.filter(status=Status.ACTIVE)
    assert wide.content == "Keep the answer shorter."
    assert shown(alice, scripted, NEW) == ["Keep the answer shorter."]


def test_what_several_people_share_is_not_widened(
    alice: User, scripted: ScriptedClient, curator: User
) -> None:
    for asked in TIPS:
        note_of(None, asked, WISH, kind="preference")
    assert refine_run_create().plan == []


def test_a_wish_by_words_can_be_shared_and_one_for_every_question_cannot(
    curator: User, alice: User, bob: User, scripted: ScriptedClient
) -> None:
    carol = User.objects.create_user("carol", training_consent=True)
    User.objects.filter(pk__in=[alice.pk, bob.pk]).update(training_consent=True)
    for trigger, matching in (("tips", Matching.WORDS), ("", Matching.ALWAYS)):
        notes = [
            note_of(
                user,
                trigger,
                WISH,
                kind="preference",
                matching=matching,
                evidence=episode_of(user, f"{trigger} one {user.username}?", "Well.", WISH),
            )
            for user in (alice, bob, carol)
        ]
        if matching == Matching.ALWAYS:
            with pytest.raises(PromotionRefused) as refused:
                note_promote(note=notes[0], by=curator)
            assert refused.value.faults == ("too_broad",)
        else:
            assert note_promote(note=notes[0], by=curator).scope == Scope.GLOBAL


def test_a_file_cannot_bring_a_note_for_every_question(
    curator: User, scripted: ScriptedClient
) -> None:
    note = note_of(None, "", WISH, matching=Matching.ALWAYS, status=Status.CANDIDATE)
    with pytest.raises(PromotionRefused):
        candidate_decide(note=note, by=curator, is_approved=True)


def test_the_page_tells_what_a_refinement_widens(
    learned: list[Experience], alice: User, curator: User, client_for: Any
) -> None:
    User.objects.filter(pk=alice.pk).update(training_consent=True)
    run = refine_run_create()
    page = client_for(curator).get(reverse("curation:refinement", args=[run.pk]))
    assert "for questions with: tips" in page.text
    assert "The same wish, said of another question." in page.text
