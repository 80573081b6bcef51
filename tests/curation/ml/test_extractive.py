"""The extractive distiller: users' own sentences become rules, everything else does not."""

import numpy as np
import pytest

from curation.ml.classifier import CUES, KINDS, SentenceClassifier
from curation.ml.extractive import REASON_RULES, ExtractiveConfig, extract_rules

# An embedder that knows the kind of every sentence, and a classifier that believes it.
KNOWN = {
    "Thanks": "praise",
    "Make it shorter.": "instruction",
    "Mention the price.": "instruction",
    "mention the price!": "instruction",
    "You forgot the salt.": "correction",
    "What about cats?": "question",
    "too long": "praise",
    "Was it too long?": "question",
    "You idiot.": "hostile",
    "This sounds robotic.": "correction",
    "Don't sound like a robot.": "instruction",
    "The Marmot robot may drive at most 3 km/h.": "correction",
}


def embed(texts):
    return np.array([[float(KNOWN[text] == kind) for kind in KINDS] for text in texts])


def make_classifier(sharpness):
    weights = np.hstack([np.eye(len(KINDS)) * sharpness, np.zeros((len(KINDS), len(CUES) + 1))])
    return SentenceClassifier(KINDS, weights, np.zeros(len(KINDS)), 0.4)


def rules(*feedback, reasons=(), sharpness=10.0, **config):
    extraction = extract_rules(
        feedback, reasons, make_classifier(sharpness), embed, ExtractiveConfig(**config)
    )
    return [rule.text for rule in extraction.rules]


def test_wishes_and_corrections_become_rules_in_order():
    assert rules("Thanks, but Make it shorter.", "You forgot the salt.") == [
        "Keep the answer shorter.",
        "Include the salt.",
    ]


@pytest.mark.parametrize("feedback", ["Thanks", "What about cats?", "You idiot.", ""])
def test_praise_questions_and_abuse_give_an_empty_list(feedback):
    assert rules(feedback) == []


def test_a_repeated_wish_is_one_rule():
    assert rules("Mention the price. mention the price!") == ["Mention the price."]


def test_reason_chips_speak_where_they_say_what_to_do():
    assert rules(reasons=["too_long", "style", "other", "too_long"]) == ["Keep the answer shorter."]
    assert rules(reasons=["too_short", "wrongly_refused"]) == [
        "Give a longer answer.",
        "Answer the request instead of refusing it.",
    ]
    silent = {"inaccurate", "ignored_instructions", "style", "unhelpful", "other"}
    assert rules(reasons=sorted(silent)) == []
    assert not silent & set(REASON_RULES)


def test_a_chip_that_repeats_the_words_adds_nothing():
    assert rules("Make it shorter.", reasons=["too_long"]) == ["Keep the answer shorter."]


def test_a_known_wording_outweighs_a_doubtful_verdict():
    # exp(1) / (exp(1) + 5) = .35: in doubt. With sharpness 10 it is sure.
    assert rules("too long", sharpness=1.0) == ["Keep the answer shorter."]
    assert rules("too long", sharpness=10.0) == []
    assert rules("Was it too long?", sharpness=1.0) == []


def test_every_rule_tells_where_it_comes_from():
    extraction = extract_rules(["You forgot the salt."], ["too_long"], make_classifier(10.0), embed)
    salt, chip = extraction.rules
    assert (salt.source, salt.kind, salt.grounding) == ("You forgot the salt.", "correction", 1.0)
    assert salt.probability > 0.99
    assert (chip.source, chip.grounding) == ("too_long", 1.0)
    assert [sentence for sentence, _ in extraction.sentences] == ["You forgot the salt."]


def test_at_most_so_many_rules():
    assert len(rules("Make it shorter.", "Mention the price.", max_rules=1)) == 1


def test_a_robot_that_is_spoken_of_is_no_wish_for_a_tone():
    tone = "Write in a natural, human tone."
    assert tone in rules("This sounds robotic.")
    assert tone in rules("Don't sound like a robot.")
    assert tone not in rules("The Marmot robot may drive at most 3 km/h.")
