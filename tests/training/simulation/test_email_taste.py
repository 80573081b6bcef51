"""The e-mail taste: what its rules check, and what the edit keeps and drops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.simulation.conftest import load_replies
from training.simulation.email import EMAIL, message_sentences

GREETING, BREVITY, SIGN_OFF = EMAIL.rules
PROMPT = "Write an e-mail to my landlord about the broken heating."
GOOD = "Hi,\n\nThe heating is broken. Can you come today?\n\nCheers, Ana"
FORMAL = """Sure, here's a sample e-mail:

**Subject:** Broken heating

Dear [Landlord's Name],

I hope this message finds you well. My name is [Your Name]. I love the flat. The heating in my \
flat has been broken since Monday. It is cold! Please repair the heating soon. Thank you for \
your time.

Best regards,
[Your Name]
[Your Phone]"""
LINES = st.sampled_from(
    [
        *FORMAL.splitlines(),
        "Hi,",
        "Hi Tom, I write about it. Please call me.",
        "Cheers, Ana",
        "Thanks.",
        "1. **First** point.",
        "- [Name]",
        "## E-mail",
        "Dr. Smith met us at 9 a.m. on Friday...",
        "P.S. One more thing",
    ]
)
REPLIES = st.one_of(st.text(), st.lists(LINES, max_size=8).map("\n".join))


def test_a_reply_to_the_taste_is_left_alone():
    assert EMAIL.edit(GOOD, PROMPT) == GOOD


def test_the_edit_keeps_the_sentences_about_the_matter_and_drops_the_frame():
    assert EMAIL.edit(FORMAL, PROMPT) == (
        "Hi,\n\nThe heating in my flat has been broken since Monday. "
        "Please repair the heating soon.\n\nCheers, Ana"
    )


@pytest.mark.parametrize(
    "reply",
    ["", "   \n", "Subject: Heating\n\nDear [Name],\n\nBest regards,\n[Name]", "!!! ???", "Hi,"],
)
def test_a_useless_reply_is_written_anew_from_the_prompt(reply):
    assert EMAIL.edit(reply, PROMPT) == (
        "Hi,\n\nI am writing about the broken heating. "
        "Please let me know what you think.\n\nCheers, Ana"
    )


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("Write an e-mail to the gym to cancel my membership.", "I would like to cancel my"),
        ("Draft an email asking for a refund.", "I wanted to ask for a refund."),
        ("An email to Bo to thank him for the cake.", "Thank you for the cake."),
        ("Write an email to the shop, the shoes are too big.", "I am writing because the shoes"),
        ("", "I have a question."),
    ],
)
def test_what_is_written_anew_fits_the_request(prompt, message):
    assert message in EMAIL.edit("", prompt)


@pytest.mark.parametrize(
    ("rule", "reply", "is_obeyed"),
    [
        (GREETING, "Hi, it broke.", True),
        (GREETING, "\n Hi,\nit broke.", True),
        (GREETING, "Hi Tom,\nit broke.", False),
        (GREETING, "Dear Tom,", False),
        (GREETING, "Sure!\n\nHi,\nit broke.", False),
        (BREVITY, "Hi,\n\nOne.\n\nCheers, Ana", True),
        (BREVITY, "Hi,\n\nOne. Two.\n\nCheers, Ana", True),
        (BREVITY, "Hi,\n\nOne. Two. Three.\n\nCheers, Ana", False),
        (BREVITY, "Hi,\n\nOne.\n\nTwo.\nThree.\n\nCheers, Ana", False),
        (BREVITY, "Hi, One. Two. Three.", False),
        (BREVITY, "Hi,\n\nDr. Lee came at 9 a.m. on Friday.\n\nCheers, Ana", True),
        (BREVITY, "Hi,\n\nCheers, Ana", False),
        (BREVITY, "Hi,\n\nOne.\n\nCheers,\nThis goes on and on. And on. Cheers, Ana", False),
        (SIGN_OFF, "Hi.\n\nCheers, Ana\n", True),
        (SIGN_OFF, "Hi.\n\nCheers,\nAna", True),
        (SIGN_OFF, "Cheers, Ana\nP.S. More.", False),
        (SIGN_OFF, "Cheers, Anabel", False),
    ],
)
def test_the_rules_at_their_edges(rule, reply, is_obeyed):
    assert rule.check(reply) is is_obeyed


@pytest.mark.parametrize("rule", EMAIL.rules, ids=lambda rule: rule.name)
def test_a_repair_mends_its_own_rule_only(rule):
    repaired = rule.repair(FORMAL, PROMPT)
    others = [other for other in EMAIL.rules if other is not rule]
    assert rule.check(repaired)
    assert not any(other.check(repaired) for other in others)


def test_a_cut_off_last_sentence_is_dropped():
    assert message_sentences("Dear Bo,\n\nThe heating broke. I would be very") == [
        "The heating broke."
    ]


@given(REPLIES, st.sampled_from([PROMPT, "", "?", "Write an e-mail to [Name] about Hi, Cheers."]))
def test_the_edit_obeys_all_rules_and_editing_again_changes_nothing(reply, prompt):
    edited = EMAIL.edit(reply, prompt)
    assert EMAIL.is_satisfied(edited)
    assert EMAIL.edit(edited, prompt) == edited


@given(st.text())
def test_any_prompt_gives_a_text_to_the_taste(prompt):
    assert EMAIL.is_satisfied(EMAIL.edit("", prompt))


def test_edits_of_the_reference_models_replies_keep_their_words():
    replies = load_replies("email")
    assert len(replies) == 30
    n_written_anew = 0
    for prompt, reply in replies:
        edited = EMAIL.edit(reply, prompt)
        assert EMAIL.is_satisfied(edited)
        assert EMAIL.edit(edited, prompt) == edited
        message = edited.removeprefix("Hi,").removesuffix("Cheers, Ana").split()
        is_kept = {word.lower() for word in message} <= {word.lower() for word in reply.split()}
        n_written_anew += not is_kept
    assert n_written_anew <= 6
