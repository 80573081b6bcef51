"""One JSON array instead of lines: item by item, each refused by its number."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.interchange.conftest import turns
from uno_site.interchange import ImportedLog, RowError, files, items, read_logs
from uno_site.interchange.files import RowFile

GOOD = {"messages": turns("Hi", "Hello.")}


@pytest.fixture
def write_text(tmp_path):
    def write(text, name="log.json"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_reads_as_its_lines_do(write_text, write_rows, indent):
    rows = [GOOD, {"messages": turns("Ho", "Hello.", "Thänks.")}]
    array = write_text("\ufeff \n" + json.dumps(rows, indent=indent, ensure_ascii=False))
    assert list(read_logs(array)) == list(read_logs(write_rows(*rows)))


def test_a_gzipped_array_is_read(write_text):
    assert len(list(read_logs(write_text(gzip.compress(json.dumps([GOOD]).encode()))))) == 1


def test_a_single_object_over_many_lines_is_one_item(write_text):
    [log] = read_logs(write_text(json.dumps(GOOD, indent=2)))
    assert log.response == "Hello."


def test_bad_items_are_told_by_number_and_the_others_read(write_text):
    first, *bad, last = read_logs(write_text(json.dumps([GOOD, 3, {"messages": []}, GOOD])))
    assert bad == [
        RowError(2, "not a JSON object", "item"),
        RowError(3, "'messages' is empty", "item"),
    ]
    assert isinstance(first, ImportedLog)
    assert isinstance(last, ImportedLog)


@pytest.mark.parametrize("end", [', {"messages": [', ", nonsense]", ', {"messages": "caf\xe9"}]'])
def test_where_the_json_breaks_off_is_told_and_the_rest_lost(write_text, end):
    text = ("[" + json.dumps(GOOD) + end).encode("latin-1")
    log, bad = read_logs(write_text(text))
    assert isinstance(log, ImportedLog)
    assert (bad.line, bad.unit) == (2, "item")
    assert "breaks off" in bad.reason


def test_an_item_over_the_limit_is_skipped_whole(write_text, monkeypatch):
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 2**20)
    long = {"messages": [{"role": "user", "content": "x" * 1000}] * 3000}
    bad, good = read_logs(write_text(json.dumps([long, GOOD])), "openai")
    assert bad == RowError(1, "longer than 1 MiB", "item")
    assert isinstance(good, ImportedLog)


def test_a_single_endless_value_ends_the_file(write_text, monkeypatch):
    monkeypatch.setattr(items, "MAX_VALUE_BYTES", 2**20)
    [bad] = read_logs(write_text('[{"messages": "' + "x" * 2**22 + '"}]'), "openai")
    assert "a single value is longer than 1 MiB" in bad.reason


def test_deep_nesting_is_refused(write_text):
    text = '[{"messages": ' + "[" * 5000 + "]" * 5000 + "}, " + json.dumps(GOOD) + "]"
    bad, good = read_logs(write_text(text), "openai")
    assert bad == RowError(1, "invalid JSON: nested too deeply", "item")
    assert isinstance(good, ImportedLog)


@pytest.mark.parametrize("pattern", ["[%s]", "%s"])
def test_a_bomb_ends_at_the_limit(write_text, monkeypatch, pattern):
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 2**20)
    separator = ", " if pattern == "[%s]" else "\n"
    rows = separator.join([json.dumps(GOOD)] * 50_000)
    path = write_text(gzip.compress((pattern % rows).encode()))
    assert path.stat().st_size < 2**16
    file = RowFile(path)
    *read, (_, last) = file
    assert file.is_cut
    assert len(read) < 25_000
    assert "longer than what is read" in last.reason
