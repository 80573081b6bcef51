"""Sentences of feedback become affirmative rules; empty complaints become none."""

import pytest

from curation.ml.imperatives import to_rules
from curation.ml.wording import from_gerund, gerund, strip_padding, tidy

WISHES = [
    ("Don't use so much jargon", ["Use plain, simple words."]),
    ("Don't use tables.", ["Avoid tables."]),
    ("Please don't start with a joke", ["Avoid starting with a joke."]),
    ("stop apologising", ["Avoid apologising."]),
    ("no disclaimers", ["Avoid disclaimers."]),
    ("You forgot to mention the price.", ["Mention the price."]),
    ("You forgot the salt.", ["Include the salt."]),
    (
        "you forgot that I'm allergic to nuts",
        ["Take into account that the user is allergic to nuts."],
    ),
    ("The subject line is missing.", ["Include the subject line."]),
    ("You didn't explain how it works!", ["Explain how it works."]),
    ("too long", ["Keep the answer shorter."]),
    ("Too short.", ["Give a longer answer."]),
    ("I want bullet points", ["Use bullet points."]),
    ("it should be in German", ["Answer in German."]),
    ("Reply in Spanish from now on.", ["Answer in Spanish."]),
    ("I said I have oily skin.", ["Take into account: I have oily skin."]),
    ("I wanted a poem, not a story.", ["Give a poem, not a story."]),
    ("Could you please put it into a class?", ["Put it into a class."]),
    ("You should mention the risks.", ["Mention the risks."]),
    ("You could also have mentioned the train.", ["Mention the train."]),
    ("It would be better if you explained the reasons.", ["Explain the reasons."]),
    ("I don't understand the third step.", ["Explain the third step more clearly."]),
    ("This can be fixed by removing the loop", ["Remove the loop."]),
    ("Use British spelling and add the date.", ["Use British spelling.", "Add the date."]),
    ("The text does not mention a date.", ["State only what the source says."]),
    ("The loop should start at 1.", ["The loop should start at 1."]),
]


@pytest.mark.parametrize(("sentence", "rules"), WISHES)
def test_wishes_become_rules(sentence, rules):
    assert to_rules(sentence) == rules


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("Keep it to two sentences.", ["Use at most 2 sentences."]),
        ("I only want one or two sentences.", ["Use at most 2 sentences."]),
        ("This is too long, two sentences are enough.", ["Use at most 2 sentences."]),
        ("at least 300 words please", ["Give at least 300 words."]),
        ("just one example", ["Use at most 1 example."]),
        ('Open with "Hi," instead of "Dear ...".', ['Begin with "Hi,".']),
        ('Don\'t start with "Certainly".', ['Avoid beginning with "Certainly".']),
        ('You forgot to sign with "Cheers, Ana".', ['End with "Cheers, Ana".']),
        ('Use "Cheers, Ana" as the sign-off.', ['End with "Cheers, Ana".']),
        ("Use dashes instead of numbers.", ['Use bullets that start with "- ".']),
        ("no capitals please", ["Write in lower case."]),
        ("ALL CAPS PLEASE.", ["Write in upper case."]),
        ("Use no emojis, please.", ["Avoid emojis."]),
        (
            'Drop the subject line and start with "Hi,".',
            ["Leave out the subject line.", 'Begin with "Hi,".'],
        ),
    ],
)
def test_counts_quotations_and_formats_are_kept_exactly(sentence, rules):
    assert to_rules(sentence) == rules


@pytest.mark.parametrize(
    "sentence",
    [
        "That's wrong.",
        "wrong",
        "Not helpful.",
        "This doesn't help me.",
        "I doubt that this is right.",
    ],
)
def test_complaints_without_content_become_nothing(sentence):
    assert to_rules(sentence, "correction") == []


def test_a_statement_of_fact_is_kept_as_a_correction():
    assert to_rules("It was a fire, not a flood.", "correction") == [
        "Take this correction into account: It was a fire, not a flood."
    ]


@pytest.mark.parametrize("kind", ["praise", "question", "off_topic", "hostile"])
def test_other_kinds_give_no_rules(kind):
    assert to_rules("Make it shorter.", kind) == []


@pytest.mark.parametrize(
    "sentence", ["Let's talk about football.", "I'd like to dedicate myself to it.", "Is it far?"]
)
def test_proposals_and_questions_are_no_rules(sentence):
    assert to_rules(sentence) == []


def test_a_long_story_is_no_rule():
    assert to_rules("Use " + "very " * 100 + "short words") == []


@pytest.mark.parametrize(
    ("verb", "form"),
    [("use", "using"), ("put", "putting"), ("begin", "beginning"), ("say", "saying"),
     ("explain", "explaining"), ("repeat", "repeating"), ("agree", "agreeing"), ("be", "being"),
     ("cut", "cutting"), ("write", "writing"), ("show", "showing")],
)  # fmt: skip
def test_gerunds_both_ways(verb, form):
    assert gerund(verb) == form
    if verb not in {"be", "begin"}:
        assert from_gerund(form) == verb


@pytest.mark.parametrize(
    ("sentence", "wish"),
    [
        ("Thanks, but please could you shorten it? thanks", "shorten it?"),
        ("No emojis", "No emojis"),
        ("no, use bullets please", "use bullets"),
        ("I'd like you to add a date.", "add a date."),
        ("please", "please"),
    ],
)
def test_padding_is_taken_off(sentence, wish):
    assert strip_padding(sentence) == wish


def test_rules_are_tidy():
    assert tidy("  use\n bullets ,") == "Use bullets."
    assert tidy("...") == ""
