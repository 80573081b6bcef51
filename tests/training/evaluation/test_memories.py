"""What RAG and CIPHER put before a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from chat.preferences import condense
from training.evaluation.methods.catalogue import METHODS, find_methods
from training.evaluation.methods.cipher import preferences_of, remember_preferences
from training.evaluation.methods.rag import remember_dialogues, remember_messages
from training.evaluation.sets.protocol import Dialogue
from uno_site.errors import InvalidInput
from uno_site.inference.protocol import ChatMessage

LONG = "Dear Sir, this is the first sentence. This is the second one. And a third. Yours"
EMAIL = Dialogue(
    "1",
    "ana",
    (ChatMessage("user", "Write an e-mail about the heating."),),
    LONG,
    ("Two sentences are enough.",),
    -1,
    "Hi,\n\nThis is the first sentence.\n\nCheers, Ana",
    "email",
)
DOG = Dialogue("2", "ben", (ChatMessage("user", "How do I train a dog?"),), "Be patient.")
QUESTION = [ChatMessage("user", "Write an e-mail about the window.")]


def by_letter(texts: Sequence[str]) -> np.ndarray:
    """Embeds "Write …" and "How …" at right angles."""
    return np.array([[1, 0] if "rite" in text else [0, 1] for text in texts], np.float32)


def test_rag_over_messages_brings_single_turns():
    asked = remember_messages(is_by_words=True)([EMAIL, DOG], by_letter)(QUESTION)
    assert len(asked) == 1
    assert "[1] User: Write an e-mail about the heating." in asked[0].content
    assert "train a dog" not in asked[0].content
    assert "first sentence" not in asked[0].content
    assert asked[0].content.endswith("Write an e-mail about the window.")


def test_rag_over_dialogues_brings_the_correction_with_its_question():
    asked = remember_dialogues(is_by_words=False)([DOG, EMAIL], by_letter)(QUESTION)
    text = asked[0].content
    assert text.index("Two sentences are enough.") < text.index("How do I train a dog?")
    assert "User's own version of the reply: Hi," in text


def test_what_a_set_knows_is_never_shown():
    for name in METHODS:
        if METHODS[name].remember:
            asked = METHODS[name].remember([EMAIL, DOG], by_letter)(QUESTION)
            assert "truth" not in asked[-1].content


def test_without_a_memory_the_question_stays_as_it_is():
    for remember in (remember_messages(is_by_words=True), remember_preferences):
        assert remember([], by_letter)(QUESTION) == tuple(QUESTION)


def test_preferences_are_what_the_edit_did():
    assert 'Begin with "Hi,".' in preferences_of(EMAIL)
    assert preferences_of(DOG) == ()


def test_an_edit_of_spaces_says_nothing():
    same = Dialogue("3", "u", DOG.messages, "Be  patient.", correction="Be patient. ")
    assert preferences_of(same) == ()


def test_condensing_keeps_the_most_frequent_once():
    assert condense(["a", "b", "b", "c", "b", "a"]) == ["b", "a", "c"]


def test_cipher_puts_the_preferences_of_near_contexts():
    asked = remember_preferences([EMAIL, DOG], by_letter)(QUESTION)
    assert '- Begin with "Hi,".' in asked[0].content
    assert asked[0].content.startswith("Write an e-mail about the window.")


def test_earlier_turns_stay_before_the_question():
    history = [ChatMessage("user", "Hello"), ChatMessage("assistant", "Hi"), *QUESTION]
    asked = remember_preferences([EMAIL], by_letter)(history)
    assert list(asked[:2]) == history[:2]


def test_base_is_always_compared_and_unknown_names_are_refused():
    assert [method.name for method in find_methods(["uno"])] == ["base", "uno"]
    assert len(find_methods(["all"])) == len(METHODS)
    with pytest.raises(InvalidInput, match="no method magic"):
        find_methods(["magic"])
