"""Results for reading elsewhere: a table on the terminal, Markdown, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from training.evaluation.methods.catalogue import BASE, METHODS, UNO
from training.evaluation.outside import METRICS as OUTSIDE_METRICS
from training.models import Evaluation
from uno_site.files import write_bytes
from uno_site.spreadsheets import to_cell

ONLY_ON_TERMINAL = ("on_topic", "prompt_tokens")
ANSWER_COLUMNS = (
    "method",
    "seed",
    "batch",
    "item",
    "topic",
    "kind",
    "adapter",
    "prompt_tokens",
    "completion_tokens",
    "seconds",
    "prompt",
    "text",
)


def write_reports(evaluation: Evaluation, folder: Path, name: str) -> list[Path]:
    """Write ``name.json``, ``name.md`` and ``name.csv`` into a folder; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for ending, (_, make) in EXPORTS.items():
        paths.append(folder / f"{name}.{ending}")
        write_bytes(paths[-1], make(evaluation).encode())
    return paths


def report(evaluation: Evaluation) -> dict[str, Any]:
    """Everything but the answers, in plain values."""
    return {
        "title": evaluation.title,
        "config": evaluation.config,
        "config_hash": evaluation.config_hash,
        "state": evaluation.state,
        "seconds": round(evaluation.seconds, 1),
        **evaluation.results,
    }


def results_rows(
    evaluation: Evaluation, only: Sequence[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """Headings, and a row of words for each method; ``only`` some of the metrics, if given."""
    metrics = evaluation.results.get("metrics", [])
    first = metrics[0]["name"] if metrics else ""
    shown = [metric for metric in metrics if not only or metric["name"] in (first, *only)]
    headings = ["Method", *(metric["title"] for metric in shown), "To base", "UNO to it"]
    rows = [
        [
            _title(name),
            *(show(found["metrics"][metric["name"]]) for metric in shown),
            "–" if name == BASE else show(found["to_base"].get(first), is_signed=True),
            "–" if name == UNO else show(_turned(found["to_reference"].get(first)), is_signed=True),
        ]
        for name, found in evaluation.results.get("methods", {}).items()
    ]
    return headings, rows


def _title(name: str) -> str:
    """A method's title; its name where the catalogue no longer has it."""
    return METHODS[name].title if name in METHODS else name


def _turned(estimate: Mapping[str, float] | None) -> dict[str, float] | None:
    """The difference the other way round: UNO's to the method."""
    if estimate is None:
        return None
    return {"mean": -estimate["mean"], "low": -estimate["high"], "high": -estimate["low"]}


def show(estimate: Mapping[str, float] | None, *, is_signed: bool = False) -> str:
    """An estimate with its interval, in words; a dash where there is none."""
    if estimate is None:
        return "–"
    digits = 0 if abs(estimate["mean"]) >= 20 else 2
    # Adding nought turns the "-0.00" of a tiny negative number into "0.00".
    mean, low, high = (round(estimate[key], digits) + 0.0 for key in ("mean", "low", "high"))
    sign = "+" if is_signed else ""
    return f"{mean:{sign}.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def outside_rows(
    evaluation: Evaluation, only: Sequence[str] = tuple(OUTSIDE_METRICS)
) -> tuple[list[str], list[list[str]]]:
    """Headings and a row for each method measured outside every cluster; ``only`` some figures.

    Differences are to the base model; that of perplexity is a share of the base's.
    """
    titles = [OUTSIDE_METRICS[name] for name in only]
    headings = ["Method", "Left to the base model"]
    headings += [heading for title in titles for heading in (title, "To base")]
    rows = []
    for name, found in evaluation.results.get("outside", {}).items():
        figures = [
            cell
            for metric in only
            for cell in (
                show(found["metrics"][metric]),
                "–" if name == BASE else show(found["to_base"][metric], is_signed=True),
            )
        ]
        verdict = _verdict(found)
        rows.append([METHODS[name].title, show(found["base_share"]), *figures, verdict])
    return [*headings, "Verdict"], rows


def _verdict(found: Mapping[str, Any]) -> str:
    """The regression check in words."""
    if found["has_passed"] is None:
        return "not measured yet"
    return "passed" if found["has_passed"] else " ".join(found["findings"])


def outside_table(evaluation: Evaluation) -> Table:
    """What became of prompts outside every cluster, for the terminal."""
    return _terminal_table("Outside every cluster", *outside_rows(evaluation, ("strict",)))


def results_table(evaluation: Evaluation) -> Table:
    """The results for the terminal, as many as fit; the reports have all."""
    return _terminal_table(evaluation.title, *results_rows(evaluation, ONLY_ON_TERMINAL))


def _terminal_table(title: str, headings: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def to_markdown(evaluation: Evaluation) -> str:
    """The results as Markdown, with what was asked for and the time it took."""
    config = evaluation.config
    headings, rows = results_rows(evaluation)
    seeds = ", ".join(map(str, config["seeds"]))
    lines = [
        f"# {evaluation.title}",
        "",
        f"Set `{config['set_spec']}`, seeds {seeds}, base model {config['base_model']}, "
        f"{evaluation.seconds:.0f} s, configuration `{evaluation.config_hash[:12]}`. "
        "Means with 95 % intervals (bootstrap over seeds and prompts).",
        "",
        *_table(headings, rows),
        "",
        *_topics(evaluation),
        *_outside(evaluation),
    ]
    return "\n".join(lines) + "\n"


def _table(headings: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *("---:" for _ in headings[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows)]


def _topics(evaluation: Evaluation) -> list[str]:
    """The first metric by topic."""
    methods = evaluation.results.get("methods", {})
    topics = list(dict.fromkeys(topic for found in methods.values() for topic in found["topics"]))
    if len(topics) < 2:
        return []
    rows = [
        [_title(name), *(show(found["topics"].get(topic)) for topic in topics)]
        for name, found in methods.items()
    ]
    return ["## By topic", "", *_table(["Method", *topics], rows)]


def _outside(evaluation: Evaluation) -> list[str]:
    """What became of prompts outside every cluster, where that was measured."""
    headings, rows = outside_rows(evaluation)
    return ["", "## Outside every cluster", "", *_table(headings, rows)] if rows else []


def to_csv(evaluation: Evaluation) -> str:
    """Every answer as a row, its scores beside it."""
    metrics = sorted({name for row in evaluation.answers.all() for name in row.scores})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*ANSWER_COLUMNS, *metrics])
    for row in evaluation.answers.all():
        found = [getattr(row, name) for name in ANSWER_COLUMNS]
        values = [to_cell(value) if isinstance(value, str) else value for value in found]
        writer.writerow([*values, *(row.scores.get(name, "") for name in metrics)])
    return out.getvalue()


def to_json(evaluation: Evaluation) -> str:
    """The report as JSON."""
    return json.dumps(report(evaluation), ensure_ascii=False, indent=1)


EXPORTS: Mapping[str, tuple[str, Callable[[Evaluation], str]]] = {
    "md": ("text/markdown; charset=utf-8", to_markdown),
    "csv": ("text/csv; charset=utf-8", to_csv),
    "json": ("application/json", to_json),
}
"""What can be downloaded: content type, and what makes it."""
