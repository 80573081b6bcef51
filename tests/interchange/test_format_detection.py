"""A file's format is told from its rows, or by name."""

from __future__ import annotations

import pytest

from tests.interchange.conftest import turns
from uno_site.interchange import FORMATS, LogFileUnreadable, RowError, detect_format, read_logs


def test_seed_and_openai_are_told_apart(write_rows, seed_row):
    conversation = {"messages": turns("Hi", "Hello.")}
    assert detect_format(write_rows(seed_row)).name == "seed"
    assert detect_format(write_rows(conversation)).name == "openai"


def test_bad_first_lines_do_not_hide_the_format(write_rows, seed_row):
    path = write_rows("{", '{"unrelated": 1}', seed_row)
    assert detect_format(path).name == "seed"
    assert [item.line for item in read_logs(path) if isinstance(item, RowError)] == [1, 2]


def test_a_named_format_is_used_as_told(write_rows, seed_row):
    [log] = read_logs(write_rows(seed_row), "openai")
    assert log.feedback == ()


def test_an_unknown_name_lists_the_known_ones(write_rows, seed_row):
    with pytest.raises(LogFileUnreadable, match=r"no log format 'csv'.*seed.*openai"):
        read_logs(write_rows(seed_row), "csv")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (('{"prompt": "a", "chosen": "b"}',), "line 1 has the keys chosen, prompt"),
        (("name,reply", "a,b"), "line 1: invalid JSON"),
        (("[", "{}", "]"), "item 1 has the keys none"),
    ],
)
def test_an_unknown_format_says_what_the_first_row_is(write_rows, rows, reason):
    with pytest.raises(LogFileUnreadable, match=reason):
        read_logs(write_rows(*rows))


@pytest.mark.parametrize("format_name", [None, *FORMATS])
def test_an_empty_file_is_refused(write_rows, format_name):
    with pytest.raises(LogFileUnreadable, match="has no rows"):
        read_logs(write_rows(), format_name)
