"""Each benchmark has its place in docs/benchmarks.md: one pair of marks, in order."""

from __future__ import annotations

import re

from tests.benchmarks.report import PAGE

MARK = re.compile(r"<!-- (/?)(bench-[\w-]+) -->")


def test_every_mark_has_its_end() -> None:
    marks = MARK.findall(PAGE.read_text(encoding="utf-8"))
    names = [name for slash, name in marks if not slash]
    assert names and len(names) == len(set(names))
    assert marks == [pair for name in names for pair in (("", name), ("/", name))]
