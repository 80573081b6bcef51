"""What a reply's aftermath says about a note."""

import pytest

from chat.experience.ml.credit import Aftermath, attitude, credit, was_used

NOTE = "The Kestrel gateway listens on port 7443."
REPLY = "Kestrel uses port 7443."


def after(**values):
    return Aftermath("Which port has Kestrel?", **{"reply": REPLY, **values})


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("Thanks! And the timeout?", "praise"),
        ("Danke, das hilft.", "praise"),
        ("谢谢", "praise"),
        ("No, that's wrong.", "objection"),
        ("That is not right, it moved.", "objection"),
        ("Das stimmt nicht.", "objection"),
        ("不对", "objection"),
        ("No problem. What about Heron?", "none"),
        ("And which timeout does it have?", "none"),
        ("Now write this as a letter. " + "x " * 90 + "that is wrong", "none"),
    ],
)
def test_attitude_of_the_next_turn(turn, said):
    assert attitude(turn) == said


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, None),
        ({"thumb": 1}, ("helpful", "thumb")),
        ({"thumb": -1}, ("harmful", "thumb")),
        ({"thumb": -1, "reasons": ["style"]}, ("neutral", "thumb")),
        ({"thumb": -1, "reasons": ["style", "inaccurate"]}, ("harmful", "thumb")),
        ({"correction": "Kestrel's gateway listens on 7443, over TLS."}, ("helpful", "correction")),
        ({"correction": "Kestrel uses port 8000."}, ("harmful", "correction")),
        ({"next_turn": "Thanks."}, ("helpful", "next_turn")),
        ({"next_turn": "That's wrong."}, ("harmful", "next_turn")),
        ({"next_turn": "Which port has Kestrel, please?"}, ("harmful", "next_turn")),
        ({"next_turn": "Write a poem."}, ("neutral", "next_turn")),
        ({"thumb": 1, "next_turn": "That's wrong."}, ("helpful", "thumb")),
        ({"thumb": -1, "reply": "I do not know."}, ("neutral", "thumb")),
    ],
)
def test_credit(values, verdict):
    assert credit(NOTE, after(**values)) == verdict


def test_a_note_is_not_blamed_for_another_that_names_the_same():
    wrong = after(reply="Kestrel's port was 8000 formerly.", next_turn="No, that's wrong.")
    assert credit(NOTE, wrong) == ("neutral", "next_turn")
    assert credit("Kestrel's port was 8000 formerly.", wrong) == ("harmful", "next_turn")


def test_a_wish_about_form_has_no_terms_and_counts_as_used():
    assert was_used("Answer in one sentence.", "Yes.")
    assert not was_used(NOTE, "I do not know.")


def test_a_word_in_common_with_a_right_answer_is_no_merit():
    question, thanks = "Which licence has Quillon?", {"next_turn": "Thanks."}
    told = Aftermath(question, reply="Quillon is under the MPL 2.0.", **thanks)
    assert credit("Quillon is under the MPL 2.0 licence.", told) == ("helpful", "next_turn")
    beside = "The MPL was variant amber-7 of the Tarn, by Halden."
    assert credit(beside, told) == ("neutral", "next_turn")


def test_figures_are_told_however_short():
    wrong = Aftermath("When is Larkspur backed up?", "Larkspur is saved.", next_turn="No, wrong.")
    assert credit("Larkspur is backed up at 02:30.", wrong) == ("neutral", "next_turn")


@pytest.mark.parametrize(
    ("similarity", "said", "verdict"),
    [
        (1.0, "No. Kestrel's port is 7443.", "harmful"),
        (1.0, "No, that's wrong.", "neutral"),
        (1.0, "No. It was 8000, as I said.", "neutral"),
        (0.7, "No. Kestrel's port is 7443.", "neutral"),
    ],
)
def test_a_note_for_the_question_is_refuted_by_who_says_otherwise(similarity, said, verdict):
    passed_over = after(reply="I do not know.", next_turn=said)
    wrong = "Kestrel's port was 8000 formerly."
    assert credit(wrong, passed_over, similarity=similarity) == (verdict, "next_turn")


def test_what_is_asked_after_a_thumb_refutes_nothing():
    asked_on = after(reply="I do not know.", thumb=-1, next_turn="Who wrote Moby-Dick?")
    wrong = "Kestrel's port was 8000 formerly."
    assert credit(wrong, asked_on, similarity=1.0) == ("neutral", "thumb")
