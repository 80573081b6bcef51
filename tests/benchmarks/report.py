"""A benchmark's report: a JSON file under ``var/reports/`` and its part of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from uno_site.env import read_env

PAGE = Path(__file__).resolve().parents[2] / "docs/benchmarks.md"

Report = dict[str, Any]


def parse_steps(name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of a benchmark in steps that goes on where it was: ``seeds`` and ``minutes``."""
    parser = argparse.ArgumentParser(prog=f"python -m tests.benchmarks.{name}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="begin no step after so many"
    )
    return parser.parse_args(argv)


def bar(value: float, limit: float, *, at_least: bool) -> Report:
    """A figure with its bar."""
    is_met = value >= limit if at_least else value <= limit
    return {"value": float(f"{value:.4g}"), "bar": limit, "is_met": bool(is_met)}


def machine(**more: Any) -> Report:
    """Where it was measured, and how busy that was before."""
    started = time.process_time()
    for _ in range(10**7):
        pass
    return {
        "cores": psutil.cpu_count(),
        "seconds_for_an_empty_loop_of_1e7": round(time.process_time() - started, 2),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "date": time.strftime("%Y-%m-%d %H:%M"),
        **more,
    }


def read_report(name: str) -> Report:
    """The report of an earlier run; empty where there is none."""
    try:
        return dict(json.loads((read_env().data_dir / "reports" / f"{name}.json").read_text()))
    except (OSError, ValueError):
        return {}


def write_report(name: str, report: Mapping[str, Any], titles: Mapping[str, str]) -> int:
    """Write the report, print it, and say by the exit status whether every bar was reached."""
    folder = read_env().data_dir / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=1)
    (folder / f"{name}.json").write_text(text)
    PAGE.write_text(with_section(PAGE.read_text(), name, report, titles))
    sys.stdout.write(text + "\n")
    return 0 if _all_met(report) else 1


def with_section(page: str, name: str, report: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """``page`` with the part between the marks of ``name`` written anew.

    Raises
    ------
    ValueError
        The page has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if begin not in page or end not in page:
        raise ValueError(f"docs/benchmarks.md has no marks {begin} … {end}.")
    parts = [_section("Machine", report["machine"])]
    parts += [_section(titles[key], part) for key, part in report.items() if key in titles]
    body = f"{begin}\n" + "".join(parts) + f"\n{end}"
    return re.sub(f"{re.escape(begin)}.*{re.escape(end)}", lambda _: body, page, flags=re.DOTALL)


def _section(title: str, part: Mapping[str, Any]) -> str:
    rows = "".join(f"| {name} | {value} |\n" for name, value in _rows(part))
    return f"\n### {title}\n\n| | |\n|---|---|\n{rows}"


def _rows(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        label = f"{prefix}{str(name).replace('_', ' ')}"
        if isinstance(value, Mapping) and "bar" in value:
            verdict = "reached" if value["is_met"] else "**missed**"
            yield label, f"{value['value']:.3g} (bar {value['bar']:g}: {verdict})"
        elif isinstance(value, Mapping):
            yield from _rows(value, f"{label}, ")
        else:
            yield label, f"{value:.3g}" if isinstance(value, float) else str(value)


def _all_met(part: Any) -> bool:
    if not isinstance(part, dict):
        return True
    return bool(part.get("is_met", True)) and all(_all_met(value) for value in part.values())
