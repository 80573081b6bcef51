"""The run folder: atomic writes, and rows that can be taken out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.services.run_folder import RunFolder, dump_rows, entry_of, row_id, rows_hash
from uno_site.errors import DiskFull


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_a_failed_write_leaves_the_old_file(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("config.json", "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DiskFull, match=r"config\.json could not be written"):
        folder.write("config.json", "new")
    monkeypatch.undo()
    assert (folder.path / "config.json").read_text() == "old"
    assert [file.name for file in folder.path.iterdir()] == ["config.json"]


def test_missing_and_broken_json_are_none(folder: RunFolder) -> None:
    folder.write("result.json", "{half")
    assert folder.read_json("result.json") is None
    assert folder.read_json("error.json") is None


def test_a_half_written_row_is_left_out(folder: RunFolder) -> None:
    folder.write("metrics.jsonl", '{"step": 1}\n{"step": 2}\n{"st')
    assert folder.read_rows("metrics.jsonl") == [{"step": 1}, {"step": 2}]


def test_the_hash_follows_content_and_not_key_order() -> None:
    assert rows_hash([{"a": 1, "b": 2}], []) == rows_hash([{"b": 2, "a": 1}], [])
    assert rows_hash([{"a": 1}], []) != rows_hash([], [{"a": 1}])


def test_the_rows_of_an_entry_are_taken_out_everywhere(folder: RunFolder) -> None:
    rows = [{"id": row_id("ann", 1)}, {"id": row_id("bob", 2)}]
    for name in ("train.jsonl", "validation.jsonl", "prompts.jsonl"):
        folder.write(name, dump_rows(rows))
    folder.write_json("answers/base.json", {"ann/1": ["secret"], "bob/2": ["fine"]})

    assert folder.forget_entries({"ann"}) == 3
    assert folder.forget_entries({"ann"}) == 0
    assert [entry_of(row["id"]) for row in folder.read_rows("train.jsonl")] == ["bob"]
    assert json.loads((folder.path / "answers/base.json").read_text()) == {"bob/2": ["fine"]}
