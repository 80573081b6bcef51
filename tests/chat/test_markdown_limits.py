"""No text keeps the server busy for long, however it was made: files bring long ones in."""

from __future__ import annotations

import time

import pytest

from chat.markdown import MAX_PARSED_CHARS, MAX_TABLE_CELLS, render_markdown

ENOUGH_SECONDS = 5.0


@pytest.mark.parametrize("part", ["[", "<", "a**b", "http://", "a\n", "x" * 99 + ".http://"])
def test_a_long_text_is_shown_as_it_was_written(part: str) -> None:
    text = (part * 200_000)[:200_000]
    start = time.process_time()
    html = render_markdown(text)
    assert time.process_time() - start < ENOUGH_SECONDS
    assert html.startswith("<p>")
    assert "<a " not in html
    assert len(html) >= len(text)


def test_a_table_of_a_wide_first_row_and_many_short_ones_is_no_table() -> None:
    text = "\n".join(["|a" * 500 + "|", "|-" * 500 + "|", *["|"] * 3_000])
    start = time.process_time()
    assert "<table" not in render_markdown(text)
    assert time.process_time() - start < ENOUGH_SECONDS


def test_tables_and_replies_as_people_have_them_are_drawn() -> None:
    table = "\n".join(["| a | b |", "|---|---|", *["| 1 | 2 |"] * (MAX_TABLE_CELLS // 3 - 4)])
    assert "<td>" in render_markdown(table[:MAX_PARSED_CHARS])
    assert "<strong>" in render_markdown("**x** " * (MAX_PARSED_CHARS // 6))


def test_what_is_shown_as_written_is_harmless_too() -> None:
    html = render_markdown("<script>alert(1)</script>\n" * 4_000)
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
