"""What changed, word by word, and safely shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uno_site.diffs import MAX_WORDS, text_diff
from uno_site.templatetags.diffs import diff


def joined(before: str, after: str, *kinds: str) -> str:
    return "".join(part.text for part in text_diff(before, after) if part.kind in kinds)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_parts_spell_both_texts(before: str, after: str) -> None:
    assert joined(before, after, "same", "delete") == before
    assert joined(before, after, "same", "insert") == after


def test_one_changed_word_is_one_change() -> None:
    parts = [(part.kind, part.text) for part in text_diff("a red car", "a blue car")]
    assert parts == [("same", "a "), ("delete", "red"), ("insert", "blue"), ("same", " car")]


def test_long_texts_are_compared_by_line() -> None:
    before = "word " * MAX_WORDS + "\nend"
    assert text_diff(before, f"{before}ing")[0].text == "word " * MAX_WORDS + "\n"


def test_markup_in_a_text_is_shown_and_not_obeyed() -> None:
    html = diff("<script>alert(1)</script>", "<b>fine</b>")
    assert "<script>" not in html
    assert "&lt;" in html


def test_a_text_written_anew_is_not_torn_into_words() -> None:
    before = "Dear Mr. Johnson, I hope that this message finds you well and in good health."
    after = "Hi, my homework will be late because the computer broke. Cheers, Sam"
    assert [part.kind for part in text_diff(before, after)] == ["delete", "insert"]
    assert diff(before, after, is_beside=True) == f'<div class="diff"><ins>{after}</ins></div>'
    assert "Dear Mr. Johnson" in diff(before, after)


def test_a_shortened_text_shows_what_was_left_out() -> None:
    parts = text_diff("one two three four five six seven eight nine ten", "one two")
    assert [part.kind for part in parts] == ["same", "delete"]
