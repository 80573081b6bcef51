"""What a text is about: rare terms, names, and how much of a trigger a question has."""

import pytest

from chat.experience.ml.terms import (
    coverage,
    has_key_words,
    is_about_another,
    key_words,
    names,
    rare_terms,
)


def test_rare_terms_leave_out_what_everybody_says():
    assert rare_terms("Which port does the Kestrel gateway use?") == {"kestrel", "gateway"}


def test_codes_and_compounds_give_their_parts_too():
    assert rare_terms("the kestrel-9b") == {"kestrel-9b", "kestrel", "9b"}


def test_plurals_are_their_singular():
    assert rare_terms("invoices") == rare_terms("invoice")


def test_scripts_without_blanks_give_pairs():
    assert "网关" in rare_terms("网关端口")


def test_names_are_capitalised_or_have_digits():
    assert names("The Kestrel gateway is in B7") == {"kestrel", "b7"}


def test_a_common_word_with_a_capital_inside_a_sentence_is_a_name_but_no_day():
    assert names("How soon is the Bronze ticket answered on Monday?") == {"bronze"}
    assert "bronze" not in names("Bronze Ticket of the Customer"), (
        "in a title a capital says nothing"
    )
    assert names("What's the code of the garage in Elm Street?") == {"elm", "street"}


@pytest.mark.parametrize(
    ("question", "is_another"),
    [
        ("Which port does the Condor gateway use?", True),
        ("Which port does the Kestrel gateway use?", False),
        ("which port has kestrel?", False),
        ("What is a port?", False),
        ("Which port does the Silver gateway use?", True),
        ("Which port does the Kestrel gateway in Oslo use?", False),
    ],
)
def test_another_of_the_same_sort(question, is_another):
    assert is_about_another(question, "port of the Kestrel gateway") is is_another


def test_of_two_names_one_that_differs_is_enough_but_the_note_may_name_it():
    assert is_about_another("The fee at Hotel Serafina?", "What is the fee at Hotel Valmira?")
    asked, taught = "Whom do I ask in Oslo?", "Who is the contact at Halden?"
    assert is_about_another(asked, taught)
    assert not is_about_another(asked, taught, "Ask Ingrid, she sits in Oslo.")


def test_coverage_leaves_function_words_aside():
    assert coverage("How do printers work?", "printer on the third floor") == pytest.approx(1 / 3)
    assert coverage("anything", "the") == 0.0


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Please give me some good tips for camping", {"tips", "camping"}),
        ("Could you write an e-mail to HR?", {"email", "mail", "hr"}),
        ("Write recipes I'd like", {"recipe"}),
        ("Schreib mir bitte eine kurze E-Mail", {"email", "mail"}),
        ("How do I do that?", set()),
    ],
)
def test_key_words_are_what_is_asked_for(question, words):
    assert key_words(question) == words


def test_a_question_has_key_words_if_it_has_all_and_there_are_any():
    assert has_key_words("What are the pros and cons of cash?", "pros cons")
    assert not has_key_words("What are the cons?", "pros cons")
    assert not has_key_words("What are the cons?", "please")
