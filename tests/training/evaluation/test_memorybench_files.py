"""From the hub's folder to task files, and from answers to what the benchmark's scorer reads."""

import csv
import json

import pytest

from training.evaluation import memorybench
from training.evaluation.memorybench import main, predictions
from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.memorybench import TASKS
from uno_site.spreadsheets import to_cell

ROW = {
    "input_prompt": "Explain tides.",
    "lang": "en",
    "info": "{}",
    "dialog": "[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}]",
    "implicit_feedback": "[]",
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's folders; what pyarrow would read from each file is JSON here."""
    for task in TASKS.values():
        for name in task:
            for index, split in enumerate(("train", "test")):
                folder = tmp_path / "hub" / "dataset" / name / split
                folder.mkdir(parents=True)
                row = ROW | {"test_idx": index, "dataset_name": name}
                row |= {"input_prompt": f"{name} {split}"}
                (folder / "data-00000-of-00001.arrow").write_text(json.dumps([row]))
    monkeypatch.setattr(memorybench, "_arrow_rows", lambda file: json.loads(file.read_text()))
    return tmp_path / "hub"


def test_every_task_becomes_a_file(hub, tmp_path):
    assert main(["prepare", str(hub), str(tmp_path / "out")]) == 0
    for task, names in TASKS.items():
        lines = (tmp_path / "out" / f"{task}.jsonl").read_text().splitlines()
        assert len(lines) == 2 * len(names)


def test_refused_rows_are_told_and_fail_the_command(hub, tmp_path, capsys):
    broken = hub / "dataset" / "NFCats" / "test" / "data-00000-of-00001.arrow"
    broken.write_text(json.dumps([{"dataset_name": "NFCats", "test_idx": None}]))
    assert main(["prepare", str(hub), str(tmp_path / "out")]) == 1
    message = "refused: Short-Short.jsonl, line 6: 'test_idx' is null, not a whole number"
    assert message in capsys.readouterr().err


def test_a_missing_data_set_says_how_to_get_it(tmp_path, capsys):
    assert main(["prepare", str(tmp_path), str(tmp_path / "out")]) == 1
    assert "hf download THUIR/MemoryBench" in capsys.readouterr().err


def test_arrow_files_are_read(tmp_path):
    pa = pytest.importorskip("pyarrow")
    folder = tmp_path / "dataset" / "NFCats" / "train"
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist([ROW | {"test_idx": 1, "dataset_name": "NFCats"}])
    path = folder / "data-00000-of-00001.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    assert [row["test_idx"] for row in memorybench._arrow_rows(path)] == [1]


def test_answers_are_written_per_method_as_the_scorer_wants_them(tmp_path, capsys):
    table = tmp_path / "evaluate.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["method", "item", "text"])
        writer.writeheader()
        writer.writerow({"method": "base", "item": "WritingBench-Politics&Law#4", "text": "a\nb"})
        writer.writerow({"method": "uno", "item": "NFCats#5", "text": ""})
    assert main(["predictions", str(table), str(tmp_path / "out")]) == 0
    written = json.loads((tmp_path / "out" / "base.predict.json").read_text())
    assert written == [{"test_idx": 4, "dataset": "WritingBench-Politics&Law", "response": "a\nb"}]
    assert "uno.predict.json" in capsys.readouterr().out


def test_answers_of_another_set_are_refused():
    with pytest.raises(SetUnreadable, match="none of MemoryBench's"):
        predictions(iter([{"method": "base", "item": "email-1", "text": "x"}]))


def test_an_answer_is_scored_as_the_model_wrote_it():
    """The CSV keeps a list from being taken for a formula; the scorer gets the list."""
    row = {"method": "base", "item": "NFCats#5", "text": to_cell("- one\n- two")}
    assert predictions(iter([row]))["base"][0]["response"] == "- one\n- two"
