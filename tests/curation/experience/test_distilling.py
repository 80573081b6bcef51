"""What episodes teach."""

from __future__ import annotations

import pytest

from chat.experience.models import EpisodeState, Evidence, Experience, Status, Use
from curation.experience.distilling import episodes_distil
from curation.experience.drafting import GenerativeDrafter
from curation.roles.bindings import BoundModel
from tests.curation.experience.rows import episode_of, note_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User
from uno_site.inference.errors import EngineUnreachable
from uno_site.runtime.services import runtime_settings_change

ASKED = "How often is the intake filter of the Halden plant replaced?"
WRONG = "The intake filter is replaced every 40 weeks."
RIGHT = "The intake filter is replaced every 14 weeks."


def learn() -> object:
    return episodes_distil(is_busy=lambda: False)


def test_a_correction_becomes_a_private_note_with_its_evidence(
    alice: User, scripted: ScriptedClient
) -> None:
    episode = episode_of(alice, ASKED, WRONG, f"No, {RIGHT[0].lower()}{RIGHT[1:]}")
    report = learn()
    note = Experience.objects.get(kind="fact")
    assert (note.content, note.trigger, note.owner) == (RIGHT, ASKED, alice)
    assert (note.scope, note.status) == ("private", Status.ACTIVE)
    evidence = note.evidence.get()
    text = evidence.message.content[evidence.start : evidence.end]
    assert text.strip(".").endswith("replaced every 14 weeks")
    episode.refresh_from_db()
    assert episode.state == EpisodeState.DISTILLED
    assert report.n_notes >= 1


def test_an_edited_reply_teaches_what_it_states(alice: User, scripted: ScriptedClient) -> None:
    episode_of(alice, ASKED, WRONG, correction=RIGHT)
    learn()
    assert Experience.objects.get(kind="fact").content == RIGHT


def test_one_episode_gives_three_notes_at_most(alice: User, scripted: ScriptedClient) -> None:
    said = " ".join(f"The intake filter number {n} lasts {n} weeks." for n in range(2, 9))
    episode_of(alice, ASKED, WRONG, said)
    learn()
    assert Experience.objects.count() == 3


def test_what_a_person_says_again_is_evidence_not_another_note(
    alice: User, scripted: ScriptedClient
) -> None:
    for _ in range(3):
        episode_of(alice, ASKED, WRONG, RIGHT)
    report = learn()
    assert Experience.objects.count() == 1
    assert Evidence.objects.count() == 3
    assert (report.n_notes, report.n_known) == (1, 2)


def test_what_a_person_says_otherwise_later_ends_the_older_note(
    alice: User, scripted: ScriptedClient
) -> None:
    episode_of(alice, ASKED, WRONG, RIGHT)
    learn()
    episode_of(alice, ASKED, RIGHT, "The intake filter is replaced every 16 weeks.")
    learn()
    older, newer = Experience.objects.order_by("created_at")
    assert (older.content, older.status) == (RIGHT, Status.SUPERSEDED)
    assert older.invalid_at is not None
    assert older.superseded_by == newer


def test_a_shared_note_is_not_touched_by_one_person(alice: User, scripted: ScriptedClient) -> None:
    shared = note_of(None, ASKED, RIGHT)
    episode_of(alice, ASKED, RIGHT, "The intake filter is replaced every 16 weeks.")
    learn()
    shared.refresh_from_db()
    assert shared.status == Status.ACTIVE
    assert shared.evidence.get().is_for is False


def test_an_ungrounded_note_of_a_model_is_refused_with_its_reason(
    alice: User, scripted: ScriptedClient
) -> None:
    scripted.reply = '{"notes": [{"kind": "fact", "note": "Penguins migrate to Peru in June."}]}'
    episode = episode_of(alice, ASKED, WRONG, "Hm, really?")
    drafter = GenerativeDrafter(BoundModel(scripted, "scripted"))
    report = episodes_distil(drafter=drafter, is_busy=lambda: False)
    episode.refresh_from_db()
    assert not Experience.objects.exists()
    assert (episode.state, episode.reason) == (EpisodeState.REFUSED, "not_grounded")
    assert report.refusals == {"not_grounded": 1}


def test_a_models_note_says_what_wrote_it(alice: User, scripted: ScriptedClient) -> None:
    scripted.reply = (
        '{"notes": [{"kind": "pitfall", "note": "The intake filter is not the pump filter."}]}'
    )
    episode_of(alice, ASKED, WRONG, "You mix the pump filter up with the intake filter.")
    drafter = GenerativeDrafter(BoundModel(scripted, "scripted"))
    episodes_distil(drafter=drafter, is_busy=lambda: False)
    note = Experience.objects.get(kind="pitfall")
    assert (note.distiller, note.prompt_ref) == ("generative: scripted", "distiller/experiences@1")


def test_memories_do_not_breed(alice: User, scripted: ScriptedClient) -> None:
    note = note_of(alice, ASKED, RIGHT)
    episode = episode_of(alice, ASKED, f"According to note 1: {RIGHT}", thumb=1)
    Use.objects.create(message=episode.message, experience=note, rank=1, similarity=1.0)
    learn()
    assert list(Experience.objects.all()) == [note]


def test_nobody_without_consent_is_learned_from(alice: User, scripted: ScriptedClient) -> None:
    episode_of(alice, ASKED, WRONG, RIGHT)
    alice.training_consent = False
    alice.save()
    learn()
    assert not Experience.objects.exists()


def test_a_busy_engine_is_left_alone(alice: User, scripted: ScriptedClient) -> None:
    episode = episode_of(alice, ASKED, WRONG, RIGHT)
    report = episodes_distil(is_busy=lambda: True)
    episode.refresh_from_db()
    assert episode.state == EpisodeState.PENDING
    assert report.is_interrupted


def test_over_the_quota_nothing_more_is_written_and_the_record_says_so(
    alice: User, admin: User, scripted: ScriptedClient
) -> None:
    runtime_settings_change(values={"experience_notes_per_day": 1}, by=admin)
    episode_of(alice, ASKED, WRONG, RIGHT)
    second = episode_of(alice, "Who keeps the key of lab 4?", "Tim.", "Ana keeps the key of lab 4.")
    learn()
    second.refresh_from_db()
    assert Experience.objects.count() == 1
    assert (second.state, second.reason) == (EpisodeState.REFUSED, "quota")


def test_an_engine_that_goes_away_leaves_the_episode_waiting(
    alice: User, scripted: ScriptedClient
) -> None:
    episode = episode_of(alice, ASKED, WRONG, RIGHT)
    scripted.reply = EngineUnreachable("gone")
    drafter = GenerativeDrafter(BoundModel(scripted, "scripted"))
    with pytest.raises(EngineUnreachable):
        episodes_distil(drafter=drafter, is_busy=lambda: False)
    episode.refresh_from_db()
    assert (episode.state, episode.claim) == (EpisodeState.PENDING, "")


def test_a_figure_put_right_is_kept_as_the_fact_alone(
    alice: User, scripted: ScriptedClient
) -> None:
    episode_of(alice, ASKED, WRONG, correction=RIGHT)
    learn()
    assert [note.content for note in Experience.objects.all()] == [RIGHT]
