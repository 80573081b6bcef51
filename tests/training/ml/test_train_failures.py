"""A run that cannot go on says why, names the remedy, and leaves what it had."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.ml.conftest import expert_rows, write_rows
from training.ml.errors import FolderBusy
from training.ml.files import folder_lock
from training.ml.train import main
from uno_site.errors import DiskFull
from uno_site.files import disk_errors, read_json, write_json


def fail(folder: Path) -> dict[str, str]:
    assert main([str(folder), "--threads", "1"]) == 1
    assert not (folder / "result.json").exists()
    return json.loads((folder / "error.json").read_text())


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_unknown_setting(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    change_config(folder, learning_rte=1.0)
    error = fail(folder)
    assert error["type"] == "config_invalid"
    assert "learning_rte" in error["message"]


def test_missing_run_key(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    values = json.loads((folder / "config.json").read_text())
    del values["base_sha256"]
    (folder / "config.json").write_text(json.dumps(values))
    assert "base_sha256" in fail(folder)["message"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": []}, "no messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "not the user's"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "'robot'"),
        ({"messages": [{"role": "user", "content": None}]}, "without text"),
        ({"chosen": "  "}, "'chosen'"),
        ({"rejected": None}, "'rejected'"),
        ({"id": 3}, "no id"),
    ],
)
def test_bad_row_is_named(make_run: Callable[..., Path], row: dict, reason: str) -> None:
    folder = make_run()
    write_rows(folder / "train.jsonl", [*expert_rows(2), {**expert_rows(1)[0], **row}])
    error = fail(folder)
    assert error["type"] == "data_invalid"
    assert "train.jsonl, line 3" in error["message"]
    assert reason in error["message"]


def test_broken_json_is_named(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    (folder / "validation.jsonl").write_text('{"id": \n')
    assert "validation.jsonl, line 1" in fail(folder)["message"]


def test_line_ends_inside_texts_part_no_rows(make_run: Callable[..., Path]) -> None:
    folder = make_run(n_epochs=1)
    row = {**expert_rows(1)[0], "chosen": "one\u2028two\x85three"}
    text = json.dumps(row, ensure_ascii=False) + "\n"
    (folder / "train.jsonl").write_text(text, encoding="utf-8")
    assert main([str(folder), "--threads", "1"]) == 0


def test_no_rows(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    (folder / "validation.jsonl").write_text("")
    assert "validation.jsonl has no rows" in fail(folder)["message"]


def test_another_base(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    change_config(folder, base_sha256="ef" * 32)
    error = fail(folder)
    assert error["type"] == "base_invalid"
    assert "efefefefefef" in error["message"]


def test_missing_base(make_run: Callable[..., Path]) -> None:
    folder = make_run()
    change_config(folder, base_dir="/nowhere/base")
    assert "/nowhere/base" in fail(folder)["message"]


def test_layers_that_the_base_does_not_have(make_run: Callable[..., Path]) -> None:
    error = fail(make_run(targets=["query_key_value"]))
    assert error["type"] == "base_invalid"
    assert "query_key_value" in error["message"]


def test_divergence_stops_at_once(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    folder = make_run()
    nan = lambda *values, **options: torch.tensor(float("nan"))  # noqa: E731
    monkeypatch.setattr("torch.nn.utils.clip_grad_norm_", nan)
    error = fail(folder)
    assert error["type"] == "diverged"
    assert "Step 1" in error["message"]


def test_full_disk_leaves_earlier_checkpoints_intact(
    make_run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run()
    real = Path.open

    def open_until_full(self: Path, mode: str = "r", *rest: object, **options: object) -> object:
        if "w" in mode and "epoch-2" in str(self):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", open_until_full)
    error = fail(folder)
    monkeypatch.undo()
    assert error["type"] == "disk_full"
    assert "epoch-2" in error["message"]
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["epoch-1"]
    assert (folder / "checkpoints/epoch-1/adapter_model.safetensors").stat().st_size > 1000
    assert main([str(folder), "--threads", "1"]) == 0, "it goes on once there is room"
    assert not (folder / "error.json").exists()


def test_other_disk_errors_keep_their_name(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk_errors(tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_one_trainer_at_a_time(tmp_path: Path) -> None:
    with (
        folder_lock(tmp_path),
        pytest.raises(FolderBusy, match=str(tmp_path)),
        folder_lock(tmp_path, seconds=0.2),
    ):
        raise AssertionError("both hold the folder")


def test_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "value.json"
    write_json(path, 1)
    monkeypatch.setattr("os.fsync", _full)
    with pytest.raises(DiskFull, match=r"value\.json"):
        write_json(path, 2)
    assert read_json(path) == 1
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["value.json"]


def _full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
