"""What each kind of simulated user gives back."""

from __future__ import annotations

import random

import pytest

from tests.training.simulation.conftest import load_replies
from training.simulation import TOPICS, SimulatedUser, phrasings, simulate_feedback
from training.simulation.stories import CONTRADICTIONS

FORMAL = "Dear Bo,\n\nOne is here. Two is here. Three is here.\n\nBest regards,\nBo"
GOOD = "Hi,\n\nThe heating broke.\n\nCheers, Ana"
STRONG = SimulatedUser("ana", "strong", TOPICS["email"])
WEAK = SimulatedUser("ben", "weak", TOPICS["email"])


def rng(seed: int = 0) -> random.Random:
    return random.Random(seed)


def test_the_strong_user_names_every_broken_rule_and_mends_all():
    for seed in range(20):
        feedback = simulate_feedback("", FORMAL, STRONG, rng(seed))
        said = f"{feedback.comment} {feedback.follow_up}"
        assert feedback.thumb == "down"
        assert feedback.reasons == ("style", "too_long")
        for rule in STRONG.taste.rules:
            assert any(wording in said for wording in rule.phrasings)
        assert feedback.correction == STRONG.taste.edit(FORMAL)


def test_the_strong_user_names_no_rule_that_is_obeyed():
    reply = GOOD.replace("Cheers, Ana", "Best regards,\nBo")
    feedback = simulate_feedback("", reply, STRONG, rng())
    said = f"{feedback.comment} {feedback.follow_up}"
    assert any(wording in said for wording in phrasings.EMAIL_SIGN_OFF)
    assert not any(wording in said for wording in phrasings.EMAIL_GREETING)


@pytest.mark.parametrize("user", [STRONG, WEAK], ids=lambda user: user.name)
def test_a_reply_to_the_taste_is_praised_and_not_edited(user):
    feedback = simulate_feedback("", GOOD, user, rng())
    assert (feedback.thumb, feedback.correction, feedback.reasons) == ("up", None, ())


def test_a_placeholder_alone_is_worth_an_edit():
    reply = GOOD.replace("The heating", "The heating in [Street]")
    feedback = simulate_feedback("", reply, STRONG, rng())
    assert (feedback.thumb, feedback.reasons) == ("down", ("other",))
    assert "[" not in feedback.correction


def test_the_weak_user_mends_one_rule_at_random():
    mended = set()
    for seed in range(30):
        correction = simulate_feedback("", FORMAL, WEAK, rng(seed)).correction
        [name] = [rule.name for rule in WEAK.taste.rules if rule.check(correction)]
        mended.add(name)
    assert mended == {rule.name for rule in WEAK.taste.rules}


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("irrelevant", phrasings.IRRELEVANT),
        ("hostile", phrasings.HOSTILE),
        ("content", phrasings.CONTENT),
    ],
)
def test_noise_is_words_without_an_edit(behaviour, words):
    for seed in range(10):
        feedback = simulate_feedback("", FORMAL, SimulatedUser("x", behaviour), rng(seed))
        assert (feedback.comment or feedback.follow_up) in words
        assert feedback.correction is None


@pytest.mark.parametrize("pair", CONTRADICTIONS, ids=lambda pair: pair[0].name)
def test_contradictory_users_undo_each_other(pair):
    [*stories] = load_replies("noise")
    assert stories
    for prompt, reply in stories:
        one, other = (taste.edit(reply, prompt) for taste in pair)
        assert one != other
        for taste, edited in zip(pair, (one, other), strict=True):
            assert taste.is_satisfied(edited)
            assert taste.edit(edited, prompt) == edited
        assert pair[0].broken_rules(other)
        assert pair[1].broken_rules(one)


def test_contradictory_users_always_say_it_and_edit_sometimes():
    user = SimulatedUser("gus", "contradictory", CONTRADICTIONS[0][0])
    got = [simulate_feedback("", "A story.", user, rng(seed)) for seed in range(40)]
    assert all(feedback.comment or feedback.follow_up for feedback in got)
    n_edits = sum(feedback.correction is not None for feedback in got)
    assert 20 <= n_edits < 40


def test_the_same_seed_gives_the_same_feedback_and_others_vary():
    got = [simulate_feedback("", FORMAL, STRONG, rng(seed)) for seed in (0, 0, *range(1, 30))]
    assert got[0] == got[1]
    assert len({(feedback.comment, feedback.follow_up) for feedback in got}) > 25


@pytest.mark.parametrize("taste", TOPICS.values(), ids=TOPICS)
def test_every_rule_has_eight_wordings(taste):
    assert all(len(set(rule.phrasings)) >= 8 for rule in taste.rules)


@pytest.mark.parametrize(("behaviour", "taste"), [("strong", None), ("hostile", TOPICS["tips"])])
def test_a_user_must_fit_its_behaviour(behaviour, taste):
    with pytest.raises(ValueError, match="taste"):
        SimulatedUser("x", behaviour, taste)
