"""The tips taste: what its rules check, and what the edit keeps and drops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.simulation.conftest import load_replies
from training.simulation.tips import TIPS

BULLETS, COUNT, LOWER_CASE = TIPS.rules
PROMPT = "Give me tips for sleeping better."
GOOD = "- dim the lights\n- read a book"
NUMBERED = """Here are some tips for sleeping better:

1. **Create a Routine**: Go to bed at the same time. This helps.
2. **Exercise**: Move for 30 minutes every day. It is good.
3. **Keep the Bedroom Cool:** The best is 18 degrees.
4. Avoid coffee after noon.

I hope these tips help!"""
LINES = st.sampled_from(
    [
        *NUMBERED.splitlines(),
        "- ",
        "* Drink WATER.",
        "- - twice",
        "## Tips",
        "1.1.1.1: Use Flashcards: now",
        "Sure! First, start small. Also, take your time.",
        "- [insert tip]",
        "**Bold**",
        "It's all about balance.",
        "ΑΣ İstanbul ǅ",
    ]
)
REPLIES = st.one_of(st.text(), st.lists(LINES, max_size=8).map("\n".join))


def test_a_reply_to_the_taste_is_left_alone():
    assert TIPS.edit(GOOD, PROMPT) == GOOD


def test_the_edit_takes_the_items_that_are_most_about_the_request():
    reply = "1. Dim it\n2. Read a book\n3. Walk a lot\n4. Go to sleep earlier"
    assert TIPS.edit(reply, "Tips for better sleep?") == (
        "- dim it\n- read a book\n- go to sleep earlier"
    )


def test_of_equally_relevant_items_the_edit_takes_the_first_three():
    assert TIPS.edit(NUMBERED, PROMPT) == (
        "- create a routine\n- move for 30 minutes every day\n- keep the bedroom cool"
    )


def test_prose_becomes_bullets_of_its_advice():
    reply = (
        "Sleep is important. It's the best medicine. First, dim the lights. You should also read "
        "a book! Avoid coffee. Then sleep"
    )
    assert TIPS.edit(reply, PROMPT) == "- sleep is important\n- dim the lights\n- read a book"


@pytest.mark.parametrize("reply", ["", "\n\n", "Here are some tips:", "1.\n2.", "- [tip]"])
def test_a_useless_reply_is_written_anew_from_the_prompt(reply):
    assert TIPS.edit(reply, PROMPT).startswith("- start small with sleeping better\n- ")


@pytest.mark.parametrize(
    ("rule", "reply", "is_obeyed"),
    [
        (BULLETS, "- a\n- b", True),
        (BULLETS, "- a\n\n- b\n", True),
        (BULLETS, "Tips:\n- a", False),
        (BULLETS, "* a", False),
        (BULLETS, "-a", False),
        (BULLETS, "- a\n- ", False),
        (BULLETS, "", False),
        (COUNT, "- a\n- b\n- c", True),
        (COUNT, "- a\n- b\n- c\n- d", False),
        (COUNT, "1. a\n2. b\n3. c", True),
        (COUNT, "One. Two. Three.", True),
        (COUNT, "One. Two. Three. Four.", False),
        (COUNT, "", False),
        (LOWER_CASE, "- a", True),
        (LOWER_CASE, "- A", False),
        (LOWER_CASE, "123", False),
    ],
)
def test_the_rules_at_their_edges(rule, reply, is_obeyed):
    assert rule.check(reply) is is_obeyed


@pytest.mark.parametrize("rule", TIPS.rules, ids=lambda rule: rule.name)
def test_a_repair_mends_its_own_rule_only(rule):
    repaired = rule.repair(NUMBERED, PROMPT)
    others = [other for other in TIPS.rules if other is not rule]
    assert rule.check(repaired)
    assert not any(other.check(repaired) for other in others)


@given(REPLIES, st.sampled_from([PROMPT, "", "?", "Tips for [X]"]))
def test_the_edit_obeys_all_rules_and_editing_again_changes_nothing(reply, prompt):
    edited = TIPS.edit(reply, prompt)
    assert TIPS.is_satisfied(edited)
    assert TIPS.edit(edited, prompt) == edited


@given(st.text())
def test_any_prompt_gives_a_text_to_the_taste(prompt):
    assert TIPS.is_satisfied(TIPS.edit("", prompt))


def test_edits_of_the_reference_models_replies_keep_their_words():
    replies = load_replies("tips")
    assert len(replies) == 30
    for prompt, reply in replies:
        edited = TIPS.edit(reply, prompt)
        assert TIPS.is_satisfied(edited)
        assert TIPS.edit(edited, prompt) == edited
        plain = reply.lower().replace("*", "")
        assert all(line.removeprefix("- ") in plain for line in edited.splitlines())
