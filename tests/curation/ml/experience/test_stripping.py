"""What a reply says because a note said it is no new knowledge."""

from __future__ import annotations

from curation.ml.experience.stripping import repeats, without_notes

NOTE = "The intake filter of the Halden plant is replaced every 14 weeks."


def test_sentences_that_repeat_a_note_go() -> None:
    reply = (
        "According to note 3f2a: the Halden plant's intake filter is replaced every 14 weeks. "
        "The pump next to it is blue."
    )
    assert without_notes(reply, [NOTE]) == "The pump next to it is blue."
    assert without_notes(reply, []) == reply


def test_another_value_is_no_repetition() -> None:
    assert repeats("The intake filter is replaced every 14 weeks.", [NOTE])
    assert not repeats("The intake filter lasts 40 months.", [NOTE])
