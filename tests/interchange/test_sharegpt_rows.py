"""ShareGPT and WildChat: conversations under other names; nothing about where people are."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.interchange.test_samples import SAMPLES
from uno_site.interchange import RowError, Signal, read_dialogues, read_logs


def said(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"conversations": [{"from": who, "value": text} for who, text in pairs]}


@pytest.mark.parametrize("names", [("human", "gpt"), ("user", "assistant"), ("human", "chatgpt")])
def test_speakers_have_several_names(write_rows, names):
    user, model = names
    row = said(("system", "Be kind."), (user, "Hi"), (model, "Hello."), (user, "Thanks."))
    [log] = read_logs(write_rows(row))
    assert [m.role for m in log.messages] == ["system", "user"]
    assert (log.response, log.feedback) == ("Hello.", (Signal("follow_up", "Thanks."),))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (said(("function_call", "x")), "message 1 has the unknown role 'function_call'"),
        (
            said(("gpt", "Hello."), ("human", "Hi")),
            "roles out of order: message 1 is 'assistant' where 'user' is expected",
        ),
        ({"conversations": "x"}, "'conversations' is a string, not a list"),
        ({"conversations": [{"from": "human"}]}, "message 1 has no 'value'"),
    ],
)
def test_a_bad_conversation_is_named(write_rows, row, reason):
    assert list(read_logs(write_rows(row))) == [RowError(1, reason)]


def test_nothing_of_wildchats_people_is_read():
    rows = [*read_logs(SAMPLES / "wildchat.jsonl"), *read_dialogues(SAMPLES / "wildchat.jsonl")]
    text = str([asdict(row) for row in rows])
    sample = (SAMPLES / "wildchat.jsonl").read_text()
    for word in ("Texas", "Mozilla", "hashed_ip", "accept-language", "turn_identifier"):
        assert word in sample
        assert word not in text


def test_wildchat_keeps_model_language_time_and_the_flag_of_toxicity():
    logs = list(read_logs(SAMPLES / "wildchat.jsonl"))
    assert {log.model for log in logs} == {"gpt-4-0314"}
    assert {log.language for log in logs} == {"English"}
    assert [log.label for log in logs] == [None] * 7 + ["toxic"]
    assert logs[0].created_at.isoformat() == "2024-04-09T00:02:53+00:00"
