"""The tastes of the further topics: what their rules check, and what edits and repairs leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.simulation import ALL_TOPICS, IN_LINE
from training.simulation.explain import EXPLAIN
from training.simulation.plans import PLANS
from training.simulation.proscons import PROSCONS, sides_of
from training.simulation.recipes import RECIPES

PROMPT = "How do I make pancakes?"
FURTHER = [RECIPES, PLANS, EXPLAIN, PROSCONS]
RECIPE = """To make pancakes, you'll need:

- 1 cup of flour
- 2 eggs

**Instructions:**

1. **Mix** the flour and the eggs.
2. Heat a pan: use butter
3. Fry it on both sides
4. Serve it hot."""
PLAN = """Here's a plan for Rome:

1. **Morning:** Visit the Colosseum.
2. Eat pizza near the Pantheon

I hope this helps!"""
SKY = """The sky is blue because of scattering. Blue light is scattered more than red.

1. **Light**: The sun sends all colours.
2. Molecules scatter it."""
HOME = """Working from home has both pros and cons:

Pros:

1. **Flexibility**: You can choose your time.
2. No commute at all every single day, which is really very nice indeed

Cons:

1. **Isolation:** You may feel lonely.
2. Distractions at home."""
LINES = st.sampled_from(
    [
        *RECIPE.splitlines(),
        *SKY.splitlines(),
        *HOME.splitlines(),
        *("| Pros | Cons |", "| --- | --- |", "| a | b |", "| a |", "||", "- [", "- [x]"),
        *("Short answer:", "Enjoy!", "Why?", "1.", "2) x", "# Title", "…", "<date>"),
    ]
)
REPLIES = st.one_of(st.text(), st.lists(LINES, max_size=8).map("\n".join))


def broken(taste, reply):
    return [rule.name for rule in taste.broken_rules(reply)]


def test_a_recipe_keeps_its_steps_and_ends_well():
    assert RECIPES.edit(RECIPE, PROMPT) == (
        "1. Mix the flour and the eggs.\n2. Heat a pan: use butter.\n"
        "3. Fry it on both sides.\n4. Serve it hot.\n\nEnjoy!"
    )
    assert broken(RECIPES, "1. Mix it.\n2. Bake it.") == ["enjoy"]
    assert broken(RECIPES, "Mix it. Bake it.\n\nEnjoy!") == ["steps"]
    assert broken(RECIPES, "\n".join(f"{n}. Stir it." for n in range(1, 8))) == [
        "few_steps",
        "enjoy",
    ]


def test_a_plan_keeps_its_points_and_asks():
    assert PLANS.edit(PLAN, PROMPT).startswith("1. Morning: Visit the Colosseum.\n2. Eat pizza")
    assert PLANS.edit(PLAN, PROMPT).endswith("?")
    assert broken(PLANS, PLAN) == ["question"]
    assert broken(PLANS, "- go\n- come back\n\nShall I?") == ["points"]


def test_an_explanation_answers_first_in_two_sentences():
    assert EXPLAIN.edit(SKY, "Why is the sky blue?") == (
        "Short answer: The sky is blue because of scattering. "
        "Blue light is scattered more than red."
    )
    assert broken(EXPLAIN, SKY) == ["answer_first", "brevity", "plain"]
    assert broken(EXPLAIN, "Short answer: It is. So it is. Really.") == ["brevity"]


def test_pros_and_cons_become_a_table_of_short_points():
    assert PROSCONS.edit(HOME, PROMPT) == (
        "| Pros | Cons |\n| --- | --- |\n| Flexibility | Isolation |\n"
        "| No commute at all every single day | Distractions at home |"
    )
    assert broken(PROSCONS, HOME) == ["table", "short"]
    assert broken(PROSCONS, "| Pros | Cons |\n| --- | --- |\n" + "| a | b |\n" * 4) == ["few_rows"]
    assert broken(PROSCONS, f"See:\n\n{PROSCONS.edit(HOME, PROMPT)}")[0] == "table"


def test_a_line_about_cons_changes_the_side():
    assert sides_of("Advantages:\n- Fast\n\n**Disadvantages**\n- Dear") == (["Fast"], ["Dear"])
    assert sides_of("Advantages and disadvantages:\n- Fast") == (["Fast"], [])


@pytest.mark.parametrize("taste", FURTHER, ids=lambda taste: taste.name)
@given(reply=REPLIES)
def test_an_edit_satisfies_whatever_the_reply_and_is_made_once(taste, reply):
    edited = taste.edit(reply, PROMPT)
    assert taste.is_satisfied(edited)
    assert taste.edit(edited, PROMPT) == edited


@pytest.mark.parametrize("taste", FURTHER, ids=lambda taste: taste.name)
@pytest.mark.parametrize("reply", ["", "Sure!", RECIPE, PLAN, SKY, HOME])
def test_a_repair_mends_the_rule_it_is_for(taste, reply):
    for rule in taste.rules:
        if not rule.check(reply):
            assert rule.check(rule.repair(reply, PROMPT)), rule.name


def test_every_wish_can_be_said_in_many_ways():
    for taste in ALL_TOPICS.values():
        for rule in taste.rules:
            assert len(set(rule.phrasings)) == len(rule.phrasings) >= 8


def test_some_tastes_are_near_to_the_habit_of_numbered_lists():
    for taste in IN_LINE.values():
        assert taste.rules[0].check("1. Do this.\n2. Do that.")
