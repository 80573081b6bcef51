"""Rows of the seed shape are read without loss."""

from __future__ import annotations

import json

import pytest

from uno_site.interchange import ImportedLog, RowError, read_logs

N_ROWS = {"hh": 40, "oasst": 24, "ilf": 20, "defacto": 40}


@pytest.mark.parametrize("name", N_ROWS)
def test_real_rows_lose_nothing(samples, name):
    path = samples / f"{name}_feedback.jsonl"
    with path.open(newline="\n") as stream:
        rows = [json.loads(line) for line in stream]

    logs = list(read_logs(path))

    assert len(logs) == N_ROWS[name]
    for row, log in zip(rows, logs, strict=True):
        assert isinstance(log, ImportedLog)
        turns = [*((m.role, m.content) for m in log.messages), ("assistant", log.response)]
        assert turns == [(m["role"], m["content"]) for m in row["messages"]]
        assert [signal.text for signal in log.feedback] == [row["feedback"]]
        assert (log.external_id, log.label) == (row["id"], row["label"])
        assert (log.source, log.licence) == (row["source"], row["licence"])
        revised = row["revised"] if (row["revised"] or "").strip() else None
        assert (log.correction or log.next_reply) == revised
        assert dict(log.extra) == {k: row[k] for k in ("test", "task_id") if k in row}


def test_an_annotators_rewrite_is_a_correction(write_rows, seed_row):
    [log] = read_logs(write_rows(seed_row))
    assert (log.correction, log.next_reply) == ("Blue.", None)
    assert log.feedback[0].kind == "comment"


def test_the_next_reply_of_a_natural_conversation_is_no_correction(write_rows, seed_row):
    [log] = read_logs(write_rows(seed_row | {"kind": "natural"}))
    assert (log.correction, log.next_reply) == (None, "Blue.")
    assert log.feedback[0].kind == "follow_up"


@pytest.mark.parametrize("revised", [None, "", " \n"])
def test_a_blank_rewrite_is_none(write_rows, seed_row, revised):
    [log] = read_logs(write_rows(seed_row | {"revised": revised}))
    assert log.correction is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "'id' is null, not a string"),
        ({"id": 7}, "'id' is a number, not a string"),
        ({"feedback": "  "}, "'feedback' is empty"),
        ({"feedback": ["x"]}, "'feedback' is a list, not a string"),
        ({"revised": {"a": 1}}, "'revised' is an object, not a string"),
        ({"kind": "rumour"}, "'kind' is 'rumour'; known are natural, written_feedback"),
        ({"label": True}, "'label' is true or false, not a string"),
        (
            {"messages": [{"role": "user", "content": "Hello"}]},
            "roles out of order: the last message is not the assistant's reply",
        ),
    ],
)
def test_a_bad_value_is_named(write_rows, seed_row, change, reason):
    [bad, good] = read_logs(write_rows(seed_row | change, seed_row))
    assert bad == RowError(1, reason)
    assert isinstance(good, ImportedLog)


@pytest.mark.parametrize("key", ["id", "kind"])
def test_a_missing_key_is_named(write_rows, seed_row, key):
    del seed_row[key]
    assert list(read_logs(write_rows(seed_row))) == [RowError(1, f"key '{key}' is missing")]
