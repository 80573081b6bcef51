"""The report of a benchmark as docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """# Benchmarks

Written by `make bench-engine`. Everything is a ratio against a baseline that was measured in the
same run, in turns; figures are medians. Absolute times belong to the machine named here and to
the load it had.

| | |
|---|---|
"""
TITLES = {
    "single_stream": "One stream: the engine over HTTP against `llama_cpp.Llama` alone",
    "many_streams": "Many streams: against a locked `llama_cpp.Llama`, and bare `llama_decode`",
    "second_turns": "A conversation's second turn against a cold one",
    "adapters": "Four adapters in random order",
}


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    machine = "".join(
        f"| {name.replace('_', ' ')} | {v} |\n" for name, v in report["machine"].items()
    )
    parts = [_section(TITLES[name], part) for name, part in report.items() if name in TITLES]
    return HEAD + machine + "".join(parts)


def _section(title: str, part: Mapping[str, Any]) -> str:
    rows = "".join(f"| {name} | {value} |\n" for name, value in _rows(part))
    return f"\n## {title}\n\n| | |\n|---|---|\n{rows}"


def _rows(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping) and "bar" in value:
            verdict = "reached" if value["is_met"] else "**missed**"
            yield label, f"{value['value']:.3g} (bar {value['bar']:g}: {verdict})"
        elif isinstance(value, Mapping):
            yield from _rows(value, f"{label}, ")
        else:
            yield label, f"{value:.3g}" if isinstance(value, float) else str(value)
