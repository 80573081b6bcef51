"""What a user did to a reply, told as rules."""

import pytest

from curation.ml.edit_rules import EditRulesConfig, rules_from_edit
from curation.ml.edit_style import Correction

EMAIL = """Subject: Broken heating

Dear Mr. Smith,

I hope this e-mail finds you well. I am writing to tell you that the heating is broken. It has been
cold for days. Please send somebody.

Best regards,
[Your Name]"""
WANTED_EMAIL = """Hi,

I am writing to tell you that the heating is broken. Please send somebody.

Cheers, Ana"""
TIPS = """Here are some tips for sleeping better:

1. **Routine**: Go to bed at the same time.
2. **Light**: Keep your room dark.
3. **Food**: Eat early.
4. **Sport**: Move during the day."""
WANTED_TIPS = "- go to bed at the same time\n- keep your room dark\n- eat early"


def texts(reply, corrected, **config):
    correction = Correction(reply, corrected)
    return [rule.text for rule in rules_from_edit(correction, EditRulesConfig(**config))]


def test_the_e_mail_taste():
    rules = texts(EMAIL, WANTED_EMAIL)
    assert rules == [
        'Begin with "Hi,".',
        'End with "Cheers, Ana".',
        "Use at most 2 sentences.",
        "Leave out the subject line.",
    ]


def test_the_tips_taste():
    rules = texts(TIPS, WANTED_TIPS)
    assert rules[:2] == ['Use at most 3 bullets that start with "- ".', "Write in lower case."]
    assert len(rules) <= 5


@pytest.mark.parametrize(
    ("reply", "corrected", "rules"),
    [
        ("Same text here.", "Same  text\nhere.", []),
        ("Something.", "  ", []),
        ("Hi,\n\nSee you.", "Hi,\n\nSee you soon.", ['Include "soon".']),
        ("It is western Mosul.", "It is eastern Mosul.", ['Write "eastern" instead of "western".']),
        ("He won on Saturday.", "He won.", ['Leave out "on Saturday".']),
        ("It is a really big dog.", "It is a big dog.", ['Leave out "really".']),
        ("The day 😀 was good", "The day was good", ["Avoid emojis.", 'Leave out "😀".']),
        ("say it loud", "SAY IT LOUD", ["Write in upper case."]),
        ("Say It Loud", "say it loud", ["Write in lower case."]),
        ("- A\n- B", "* A\n* B", ['Use bullets that start with "* ".']),
    ],
)
def test_single_changes(reply, corrected, rules):
    assert texts(reply, corrected) == rules


WORDS = " ".join(f"word{i}" for i in range(100))


@pytest.mark.parametrize(
    ("n_words", "rules"),
    [
        (40, ["Keep the answer shorter, at a third of the length."]),
        (60, ["Keep the answer shorter, at half the length."]),
        (70, ["Keep the answer shorter."]),
        (71, []),
    ],
)
def test_shorter_by_how_much(n_words, rules):
    assert texts(WORDS, " ".join(WORDS.split()[:n_words])) == rules


@pytest.mark.parametrize(
    ("n_more", "rules"),
    [
        (29, []),
        (30, ["Give a longer answer."]),
        (70, ["Give a longer answer, twice as long."]),
        (150, ["Give a longer answer, three times as long."]),
    ],
)
def test_longer_by_how_much(n_more, rules):
    assert texts(WORDS, WORDS + " more" * n_more) == rules


def test_many_changes_of_wording_are_not_told_one_by_one():
    assert texts("a b c d e f g h", "x b y d z f w h") == []
    assert len(texts("a b c d e f g h", "x b y d z f g h")) == 3


def test_at_most_five_rules():
    assert len(texts(EMAIL + " 😀 **b**", WANTED_EMAIL)) == 5
    assert len(texts(EMAIL, WANTED_EMAIL, max_rules=2)) == 2
