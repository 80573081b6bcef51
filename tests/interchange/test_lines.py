"""Damaged lines and files: each is named, and good lines go on."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.interchange.conftest import turns
from uno_site.interchange import ImportedLog, LogFileUnreadable, RowError, files, read_logs

GOOD = {"messages": turns("Hi", "Hello.")}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("{", "invalid JSON: Expecting property name enclosed in double quotes at character 2"),
        ("[1]", "a JSON array where an object is expected, one a line"),
        ("null", "a JSON null where an object is expected, one a line"),
        ("[" * 100_000, "invalid JSON: nested too deeply"),
        (b'{"messages": "caf\xe9"}', "not UTF-8 (byte 0xE9 at position 17)"),
    ],
)
def test_a_damaged_line_is_named_and_the_others_are_read(write_rows, raw, reason):
    first, bad, last = read_logs(write_rows(GOOD, raw, GOOD))
    assert bad == RowError(2, reason)
    assert isinstance(first, ImportedLog)
    assert isinstance(last, ImportedLog)


def test_blank_lines_are_skipped_and_counted(write_rows):
    logs = list(read_logs(write_rows("", GOOD, "  ", "x")))
    assert isinstance(logs[0], ImportedLog)
    assert logs[1].line == 4


def test_a_line_over_the_limit_is_skipped_whole(write_rows, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 2**20)
    bad, good = read_logs(write_rows('"' + "x" * (3 * 2**20) + '"', GOOD))
    assert bad == RowError(1, "longer than 1 MiB")
    assert isinstance(good, ImportedLog)


def test_windows_line_ends_and_a_byte_order_mark_are_accepted(tmp_path, write_rows):
    plain = write_rows(GOOD, GOOD)
    windows = tmp_path / "windows.jsonl"
    windows.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n"))
    assert list(read_logs(windows)) == list(read_logs(plain))


def test_unusual_line_separators_inside_a_text_do_not_split_it(write_rows):
    row = json.dumps({"messages": turns("a\u2028b", "c")}, ensure_ascii=False)
    [log] = read_logs(write_rows(row))
    assert log.messages[0].content == "a\u2028b"


@pytest.mark.parametrize("name", ["log.jsonl.gz", "renamed.jsonl"])
def test_gzip_is_known_by_its_content(tmp_path, write_rows, name):
    plain = write_rows(GOOD, GOOD, name="plain.jsonl")
    (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_logs(tmp_path / name)) == list(read_logs(plain))


def test_a_cut_gzip_file_ends_with_an_error_at_its_line(tmp_path, write_rows):
    plain = write_rows(*[GOOD | {"id": f"{n}" * 50} for n in range(2000)]).read_bytes()
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(plain)[:-200])
    *logs, last = read_logs(path)
    assert all(isinstance(log, ImportedLog) for log in logs)
    assert 0 < len(logs) < 2000
    assert last.line == len(logs) + 1
    assert "breaks off" in last.reason


def test_utf16_is_refused_with_the_remedy(tmp_path):
    path = tmp_path / "utf16.jsonl"
    path.write_bytes('{"messages": []}\n'.encode("utf-16"))
    with pytest.raises(LogFileUnreadable, match=r"UTF-16.*iconv"):
        read_logs(path)


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    with pytest.raises(LogFileUnreadable, match=r"nowhere\.jsonl cannot be read: No such file"):
        read_logs(tmp_path / "nowhere.jsonl", "seed")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(LogFileUnreadable, match="Is a directory"):
        read_logs(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_no_content_of_a_line_raises(tmp_path, raw):
    path = tmp_path / "fuzz.jsonl"
    path.write_bytes(b'{"messages": []}\n' + raw)
    for item in read_logs(path):
        assert isinstance(item, ImportedLog | RowError)
