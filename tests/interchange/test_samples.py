"""Whole files of each format are told apart and read without a refused row."""

from __future__ import annotations

from pathlib import Path

import pytest

from uno_site.interchange import RowError, read_dialogues, read_logs

SAMPLES = Path(__file__).resolve().parents[1] / "fixtures" / "interchange"


@pytest.mark.parametrize(
    ("file", "format_name", "n_logs"),
    [
        ("hh_preference.jsonl", "trl", 15),
        ("trl_text.jsonl", "trl", 8),
        ("trl_messages.json", "trl", 8),
        ("kto.jsonl", "kto", 16),
        ("openai_sft.jsonl", "openai", 8),
        ("openai_preference.jsonl", "openai-preference", 8),
        ("sharegpt.json", "sharegpt", 8),
        ("wildchat.jsonl", "wildchat", 8),
        ("openwebui.json", "openwebui", 13),
        ("openwebui_feedback.json", "openwebui-feedback", 2),
    ],
)
def test_a_sample_is_read(file: str, format_name: str, n_logs: int) -> None:
    reader = read_logs(SAMPLES / file)
    logs = list(reader)
    assert reader.format.name == format_name
    assert not [str(log) for log in logs if isinstance(log, RowError)]
    assert len(logs) == n_logs
    assert reader.share == 1.0


def test_text_messages_and_openai_rows_of_one_source_give_the_same_pairs() -> None:
    files = ("trl_text.jsonl", "trl_messages.json", "openai_preference.jsonl")
    first, *others = (
        [(log.messages, log.response, log.preferred) for log in read_logs(SAMPLES / file)]
        for file in files
    )
    assert others == [first, first]


def test_openai_sharegpt_and_wildchat_of_one_source_give_the_same_turns() -> None:
    openai, sharegpt, wildchat = (
        [[(t.role, t.content) for t in d.turns if t.role != "system"] for d in read_dialogues(path)]
        for path in (SAMPLES / n for n in ("openai_sft.jsonl", "sharegpt.json", "wildchat.jsonl"))
    )
    assert openai == sharegpt == wildchat
