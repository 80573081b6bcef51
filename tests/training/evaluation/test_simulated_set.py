"""Set (a): what it asks, what it scores, and that nothing held out is asked."""

from __future__ import annotations

from collections import Counter

import pytest

from training.evaluation.sets.protocol import LivedSet
from training.evaluation.sets.registry import known_sets, load_set
from training.evaluation.sets.simulated import CONTROL, SimulatedSet
from training.simulation import ALL_TOPICS, NOISE
from uno_site.errors import InvalidInput

SET = SimulatedSet()


def item(topic: str):
    return next(item for item in SET.items(0) if item.topic == topic)


def test_there_are_six_topics_and_a_quarter_of_the_conversations_is_noise():
    plan = SET.plan(0)
    topics = Counter(entry.topic for entry in plan)
    assert topics == {**dict.fromkeys(ALL_TOPICS, 20), NOISE: 40}
    behaviours = Counter(entry.user.behaviour for entry in plan if entry.topic == NOISE)
    assert set(behaviours) == {"contradictory", "irrelevant", "hostile", "content"}
    weak = [entry for entry in plan if entry.user.behaviour == "weak"]
    assert len(weak) == 30


@pytest.mark.parametrize("seed", range(3))
def test_no_held_out_prompt_is_ever_asked(seed):
    held_out = {item.messages[-1].content for item in SET.items(seed)}
    assert len(held_out) == 70
    assert not held_out & {entry.prompt for entry in SET.plan(seed)}


def test_some_noise_is_about_the_topics_own_questions():
    noise = [entry.id for entry in SET.plan(0) if entry.topic == NOISE]
    assert Counter(name.split("-")[1] for name in noise if name.count("-") == 2) == dict.fromkeys(
        ALL_TOPICS, 2
    )


def test_an_answer_is_scored_by_its_topics_rules():
    email = item("email")
    good = SET.score(email, "Hi,\n\nThe heating is broken.\n\nCheers, Ana")
    assert good == {"adherence": 1.0, "all_rules": 1.0, "edit_cost": 0.0}
    half = SET.score(email, "Hi,\n\nThe heating is broken.\n\nBest regards")
    assert half["adherence"] == pytest.approx(2 / 3)
    assert half["all_rules"] == 0.0
    assert half["edit_cost"] > 0


def test_a_prompt_of_no_topic_has_no_score():
    assert SET.score(item(CONTROL), "391") == {}


def test_it_is_a_set_that_is_lived():
    assert isinstance(SET, LivedSet)
    assert SET.dialogues(0) == ()


def test_sets_are_found_by_name():
    assert {"simulated", "simulated-quick"} <= set(known_sets())
    assert load_set("simulated-quick").name == "simulated-quick"
    with pytest.raises(InvalidInput, match="no evaluation set 'x'"):
        load_set("x")
    with pytest.raises(InvalidInput, match="is not there"):
        load_set("simulated:/no/such/file")
