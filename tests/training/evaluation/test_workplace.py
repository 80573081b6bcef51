"""The folders and scratch instances of an evaluation."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from training.services.evaluation.runner import prepare
from training.services.evaluation.workplace import (
    LIVE,
    SeedFolder,
    append_lines,
    copy_instance,
    environment,
    learned,
    make_instance,
    read_lines,
)


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    return SeedFolder(tmp_path / "seed-0")


def test_instances_share_models_and_trained_runs_and_nothing_else(
    folder: SeedFolder, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    for name in ("uno", "no_gap", "uno"):
        make_instance(folder, name, models)
    (folder.instance("uno") / "runs" / "content-1").mkdir()
    (models / "base.gguf").touch()
    other = folder.instance("no_gap")
    assert (other / "runs" / "content-1").is_dir()
    assert (other / "models" / "base.gguf").exists()
    assert not (other / "adapters").exists()


def test_a_method_begins_with_a_copy_of_what_was_lived(folder: SeedFolder, tmp_path: Path) -> None:
    for name in (LIVE, "uno"):
        make_instance(folder, name, tmp_path / "models")
    with sqlite3.connect(folder.database(LIVE)) as lived:
        lived.execute("create table said (words)")
        lived.execute("insert into said values ('hi')")
    copy_instance(folder, LIVE, "uno")
    with sqlite3.connect(folder.database("uno")) as mine:
        assert mine.execute("select words from said").fetchall() == [("hi",)]
        mine.execute("insert into said values ('there')")
    copy_instance(folder, LIVE, "uno")
    with sqlite3.connect(folder.database("uno")) as mine:
        assert mine.execute("select count(*) from said").fetchone() == (2,)


def test_a_step_sees_nothing_of_the_users_instance(folder: SeedFolder) -> None:
    told = environment(folder, "uno", "http://127.0.0.1:1")
    assert told["UNO_DATA_DIR"] == str(folder.path / "uno")
    assert told["DATABASE_URL"] == f"sqlite:///{folder.path / 'uno' / 'uno.sqlite3'}"
    assert told["UNO_ENGINE_URL"] == "http://127.0.0.1:1"
    assert told["REDIS_URL"] == ""


def test_a_step_is_done_when_it_has_told_its_outcome(folder: SeedFolder) -> None:
    folder.path.mkdir()
    assert not folder.is_done("uno")
    assert folder.told("uno") == {}
    folder.finish("uno", {"n": 1})
    assert folder.is_done("uno")
    assert folder.told("uno") == {"n": 1}


def test_batches_have_files_of_their_own(folder: SeedFolder) -> None:
    assert folder.answers("online", 2).name == "online-b2.jsonl"
    assert folder.answers("uno", 0).name == "uno.jsonl"


def test_a_half_written_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "answers" / "uno.jsonl"
    assert list(read_lines(path)) == []
    append_lines(path, [{"a": 1}, {"a": 2}])
    with path.open("a") as file:
        file.write('{"a": ')
    assert list(read_lines(path)) == [{"a": 1}, {"a": 2}]


def test_a_half_written_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "uno.jsonl"
    append_lines(path, [{"a": 1}])
    with path.open("ab") as file:
        file.write('{"a": "gr\u00fc'.encode()[:-1])  # cut within a letter
    append_lines(path, [{"a": 2}, {"a": 3}])
    assert list(read_lines(path)) == [{"a": 1}, {"a": 2}, {"a": 3}]


@pytest.mark.parametrize(("done", "rows"), [(False, ["logs"]), (True, ["logs", "adapters"])])
def test_notes_beside_adapters_go_on_from_the_method_that_has_learned_them(
    folder: SeedFolder, settings: Any, tmp_path: Path, done: bool, rows: list[str]
) -> None:
    settings.DATA_DIR = tmp_path
    for name in (LIVE, "uno"):
        prepare(folder, name)
        with sqlite3.connect(folder.database(name)) as instance:
            instance.execute("create table if not exists has (what)")
            what = "logs" if name == LIVE else "adapters"
            instance.execute("insert into has values (?)", [what])
    if done:
        folder.finish(learned("uno"), {"signature": [["a route"]]})
        folder.finish("uno", {})
    prepare(folder, "uno_notes")
    with sqlite3.connect(folder.database("uno_notes")) as instance:
        assert [what for (what,) in instance.execute("select what from has")] == rows
    expected = {"signature": [["a route"]]} if done else {}
    assert folder.told(learned("uno_notes")) == expected
