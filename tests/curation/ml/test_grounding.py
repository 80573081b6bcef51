"""A rule must say something, and its feedback must have said it."""

import pytest

from curation.ml.grounding import (
    GroundingConfig,
    check_grounding,
    content_stems,
    grounded_share,
    is_degenerate,
    is_degenerate_text,
)


@pytest.mark.parametrize(
    "rule",
    [
        "1.1.1.1",
        "rule1",
        "Rule 1",
        "Rules: 3.",
        "",
        "...",
        "shorter",
        "the the the the the the",
        "use use use use use bullets",
        "ha ha ha ha ha",
        "{}[]()<>;:=+ x y",
    ],
)
def test_what_is_no_rule(rule):
    assert is_degenerate(rule)
    assert check_grounding(rule, rule).fault == "degenerate"


@pytest.mark.parametrize(
    "rule", ["Be brief.", "Use at most 2 sentences.", 'Begin with "Hi,".', "Return 15 for [1, 2]."]
)
def test_short_rules_are_rules(rule):
    assert not is_degenerate(rule)


def test_share_of_content_words_found_by_stem():
    # salt, cooking, times; "Mention" and "the" carry no content.
    rule = "Mention the salt and cooking times."
    assert content_stems(rule) == {"salt", "cook", "time"}
    assert grounded_share(rule, ["You forgot the salt"]) == pytest.approx(1 / 3)
    assert grounded_share(rule, ["You forgot the salt", "how long to cook it?"]) == pytest.approx(
        2 / 3
    )


def test_words_for_the_same_thing_count_as_the_same():
    assert grounded_share("Keep the answer shorter.", ["way too long"]) == 1.0
    assert grounded_share("Use at most 2 sentences.", ["two sentences are enough"]) == 1.0
    assert grounded_share("Write in lower case.", ["no capitals please"]) == 1.0


def test_a_rule_of_empty_words_has_no_grounding():
    assert grounded_share("Answer the question.", ["Answer the question."]) == 0.0


def test_threshold_at_its_edge():
    rule, feedback = "Add salt and pepper.", "more salt"
    assert grounded_share(rule, [feedback]) == 0.5
    assert check_grounding(rule, feedback).is_grounded
    strict = GroundingConfig(min_share=0.51)
    assert check_grounding(rule, feedback, config=strict).fault == "not_grounded"


def test_the_query_grounds_too():
    rule = "List vegan restaurants in Lisbon."
    assert check_grounding(rule, "I said vegan").fault == "not_grounded"
    assert check_grounding(rule, "I said vegan", "restaurants in Lisbon").is_grounded


def test_a_text_that_goes_round_in_circles():
    assert is_degenerate_text("I am a dog and " * 6)
    assert not is_degenerate_text("no no no no")
    assert not is_degenerate_text(" ".join(f"word{i}" for i in range(40)))
