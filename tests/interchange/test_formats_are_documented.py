"""The curators' guide has a row for each format, and says which ones are written."""

from __future__ import annotations

import re
from pathlib import Path

from uno_site.interchange import FORMATS
from uno_site.interchange.writers import WRITERS

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide-curator.md"
ROW = re.compile(r"^\| `([a-z-]+)`.*\|([^|]*)\|$", re.MULTILINE)


def test_the_table_of_formats_is_complete() -> None:
    rows = {name: written.strip() for name, written in ROW.findall(GUIDE.read_text())}
    assert set(rows) == set(FORMATS)
    assert {name for name, written in rows.items() if written} == set(WRITERS)
