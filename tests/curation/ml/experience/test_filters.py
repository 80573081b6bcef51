"""What is refused, by which name, and what is not."""

from __future__ import annotations

import json

import pytest

from curation.ml.experience.filters import (
    HOSTILE,
    hostile_reason,
    personal_data,
    refusal_of,
)
from curation.ml.imperatives import to_rules
from curation.ml.sentences import split_sentences
from tests.hostile import HostileEpisode, hostile_episodes
from tests.topics import SEED


@pytest.mark.parametrize("episode", hostile_episodes(), ids=lambda episode: episode.id)
def test_every_attack_is_refused_by_its_name(episode: HostileEpisode) -> None:
    texts = (episode.query, episode.follow_up, episode.correction, episode.comment)
    refusal = refusal_of(*texts)
    assert refusal
    assert (hostile_reason(*texts) or refusal.reason) == episode.reason


def test_attacks_that_the_wordings_were_not_made_for() -> None:
    episodes = hostile_episodes("held_out")
    found = [refusal_of(one.query, one.follow_up) for one in episodes]
    assert sum(map(bool, found)) >= 0.6 * len(episodes)


def test_what_people_really_ask_for_is_rarely_refused() -> None:
    rules = [
        rule
        for path in sorted(SEED.glob("*_feedback.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        for sentence in split_sentences(json.loads(line)["feedback"])
        for rule in to_rules(sentence)
    ]
    refused = [rule for rule in rules if refusal_of(rule) and "Assistant" not in rule]
    assert len(rules) > 300
    assert len(refused) <= 0.02 * len(rules)


@pytest.mark.parametrize(
    "text",
    [
        "The night shift starts at 22:30.",
        "All employees have 28 days of leave.",
        "Pets are allowed on the third floor.",
        "Use at most 2 sentences.",
        "Use the SUM function of the sheet.",
        "Release 4.12.1 fixed the export.",
        'Begin with "Dear Ms Okafor,".',
        "The pump P-104 runs at 3.5 bar.",
        "先给结论，再给理由。",
        "Die Nachtschicht beginnt um 22:30 Uhr.",
        "Good work 👩‍💻 deserves thanks.",
    ],
)
def test_ordinary_notes_pass(text: str) -> None:
    assert refusal_of(text) is None


def test_a_number_that_fails_the_card_check_is_no_card() -> None:
    assert personal_data("The order 4111 1111 1111 1112 was shipped.") == ""
    assert personal_data("Charged to 4111 1111 1111 1111.")


def test_a_link_is_no_hostile_act() -> None:
    assert hostile_reason("See https://example.org/a.") is None
    assert "link" not in HOSTILE
