"""MemoryBench in and out: the hub's files as tasks, and our answers as its scorer reads them.

::

    python -m training.evaluation.memorybench prepare HUB_FOLDER OUT_FOLDER
    python -m training.evaluation.memorybench predictions EVALUATE.csv OUT_FOLDER
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.evaluation.sets.errors import SetUnreadable
from training.evaluation.sets.memorybench import TASKS, read_rows
from training.evaluation.sets.memorybench_rows import SPLITS
from uno_site.errors import UnoError
from uno_site.files import write_json
from uno_site.spreadsheets import from_cell


def hub_rows(hub: Path, task: str) -> Iterator[dict[str, Any]]:
    """Every row of a task, with its ``split``, from the folder that the hub's client wrote.

    Raises
    ------
    SetUnreadable
        A data set is not in the folder, or pyarrow is not installed.
    """
    for name in TASKS[task]:
        for split in SPLITS:
            files = sorted((hub / "dataset" / name / split).glob("data-*.arrow"))
            if not files:
                raise SetUnreadable(
                    f"{hub} has no {split} split of {name}.",
                    remedy="hf download THUIR/MemoryBench --repo-type dataset --local-dir FOLDER",
                )
            for file in files:
                yield from ({**row, "split": split} for row in _arrow_rows(file))


def _arrow_rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise SetUnreadable(
            "MemoryBench's Arrow files need pyarrow.", remedy="pip install 'uno[memorybench]'"
        ) from error
    with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
        for batch in stream:
            yield from batch.to_pylist()


def prepare(hub: Path, out: Path) -> list[str]:
    """Write ``TASK.jsonl`` for every task; returns what was refused, a line for each row."""
    out.mkdir(parents=True, exist_ok=True)
    refused = []
    for task in TASKS:
        path = out / f"{task}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for row in hub_rows(hub, task):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        refused += [f"{path.name}, {problem}" for problem in read_rows(path)[2]]
    return refused


def predictions(rows: Iterator[Mapping[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Per method, ``{test_idx, dataset, response}`` rows from an evaluation's CSV.

    Raises
    ------
    SetUnreadable
        An item that is not ``DATASET#test_idx``: the CSV is of another set.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        name, _, index = row["item"].rpartition("#")
        if not name or not index.isdecimal():
            raise SetUnreadable(
                f"Item {row['item']!r} is none of MemoryBench's.",
                remedy="Give the CSV of an evaluation with --set memorybench:FILE.",
            )
        answer = {"test_idx": int(index), "dataset": name, "response": from_cell(row["text"])}
        found.setdefault(row["method"], []).append(answer)
    return found


def write_predictions(table: Path, out: Path) -> list[Path]:
    """``METHOD.predict.json`` for every method of an evaluation's CSV; their paths."""
    csv.field_size_limit(sys.maxsize)
    out.mkdir(parents=True, exist_ok=True)
    with table.open(encoding="utf-8", newline="") as file:
        found = predictions(iter(csv.DictReader(file)))
    paths = []
    for method, answers in found.items():
        paths.append(out / f"{method}.predict.json")
        write_json(paths[-1], answers)
    return paths


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 where rows were refused or a file is missing."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.memorybench")
    parser.add_argument("step", choices=("prepare", "predictions"))
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args(arguments)
    try:
        if given.step == "predictions":
            lines = [str(path) for path in write_predictions(given.source, given.out)]
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            return 0
        refused = prepare(given.source, given.out)
    except UnoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write("".join(f"refused: {line}\n" for line in refused))
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
