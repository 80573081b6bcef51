"""The plan of a simulated deployment."""

from __future__ import annotations

from collections import Counter

import pytest

from training.simulation import NOISE, TOPICS, build_deployment
from training.simulation.prompts import load_prompts
from uno_site.errors import InvalidInput


@pytest.fixture(scope="module")
def plan():
    return build_deployment(seed=0)


def test_counts_are_as_asked(plan):
    assert Counter(entry.topic for entry in plan.entries) == {"email": 24, "tips": 24, NOISE: 16}
    assert {topic: len(prompts) for topic, prompts in plan.held_out.items()} == {
        "email": 20,
        "tips": 20,
    }
    assert len(plan.control) >= 20


@pytest.mark.parametrize("seed", range(5))
def test_nothing_held_out_is_asked_and_nothing_is_asked_twice(seed):
    plan = build_deployment(seed)
    asked = [entry.prompt for entry in plan.entries]
    held_out = [prompt for prompts in plan.held_out.values() for prompt in prompts]
    everything = [*asked, *held_out, *plan.control]
    assert len(set(everything)) == len(everything)


def test_the_same_seed_gives_the_same_plan_and_another_another(plan):
    again, other = build_deployment(seed=0), build_deployment(seed=1)
    assert again == plan
    assert [e.react("x") for e in again.entries] == [e.react("x") for e in plan.entries]
    assert set(other.held_out["email"]) != set(plan.held_out["email"])
    assert [entry.prompt for entry in other.entries] != [entry.prompt for entry in plan.entries]


def test_the_topics_are_mixed_in_time(plan):
    first_half = Counter(entry.topic for entry in plan.entries[:32])
    assert all(first_half[topic] >= 4 for topic in (*TOPICS, NOISE))


def test_no_user_rules_a_topic_alone(plan):
    for topic in TOPICS:
        users = Counter(entry.user.name for entry in plan.entries if entry.topic == topic)
        assert len(users) == 3
        assert max(users.values()) <= 16


def test_half_of_the_noise_contradicts_itself_about_stories(plan):
    noise = [entry for entry in plan.entries if entry.topic == NOISE]
    behaviours = Counter(entry.user.behaviour for entry in noise)
    assert behaviours["contradictory"] == 8
    assert set(behaviours) == {"contradictory", "irrelevant", "hostile", "content"}
    stories = load_prompts("noise", "story")
    assert all(e.prompt in stories for e in noise if e.user.behaviour == "contradictory")
    tastes = Counter(e.user.taste.name for e in noise if e.user.taste)
    assert tastes["story_is_long"] == tastes["story_is_short"] > 0
    assert any(entry.react("A story!").correction for entry in noise)


def test_a_share_of_users_may_be_weak():
    plan = build_deployment(seed=0, weak_share=0.5)
    behaviours = Counter(e.user.behaviour for e in plan.entries if e.topic == "tips")
    assert behaviours == {"weak": 12, "strong": 12}


def test_no_noise_is_allowed():
    assert all(entry.topic != NOISE for entry in build_deployment(seed=0, n_noise=0).entries)


@pytest.mark.parametrize("asked", [{"n_entries_per_topic": 60}, {"n_noise": 200}])
def test_more_than_there_is_is_refused(asked):
    with pytest.raises(InvalidInput, match=r"there are|than there are"):
        build_deployment(seed=0, **asked)


@pytest.mark.parametrize(
    ("topic", "n_least"), [("email", 60), ("tips", 60), ("noise", 40), ("control", 20)]
)
def test_there_are_enough_distinct_prompts(topic, n_least):
    prompts = load_prompts(topic)
    assert len(prompts) == len(set(prompts)) >= n_least
