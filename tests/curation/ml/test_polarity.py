"""Two rules contradict each other when nobody could follow both."""

import pytest

from curation.ml.polarity import contradicts


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Keep the answer shorter.", "Give a longer answer."),
        ("Use at most 2 sentences.", "Give a longer answer."),
        ("Write in lower case.", "Write in upper case."),
        ("Use emojis.", "Avoid emojis."),
        ("Add a subject line.", "Leave out the subject line."),
        ("Give more examples.", "Use fewer examples."),
        ("Use a more formal tone.", "Use a less formal tone."),
        ('Begin with "Hi,".', 'Begin with "Dear Sir,".'),
        ("Answer in German.", "Answer in French."),
        ("Use at most 3 tips.", "Give at least 5 tips."),
    ],
)
def test_contradictions_in_both_orders(first, second):
    assert contradicts(first, second)
    assert contradicts(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Keep the answer shorter.", "Keep the answer shorter."),
        ("Keep the answer shorter.", "Use bullet points."),
        ("Use emojis.", "Avoid exclamation marks."),
        ('Begin with "Hi,".', 'End with "Cheers, Ana".'),
        ('Begin with "Hi,".', 'begin with "HI,"'),
        ("Use at most 5 tips.", "Give at least 5 tips."),
        ("Use at most 3 tips.", "Give at least 5 sentences."),
        ("Add the date.", "Leave out the subject line."),
        ("", "Keep the answer shorter."),
    ],
)
def test_rules_that_go_together(first, second):
    assert not contradicts(first, second)
    assert not contradicts(second, first)
