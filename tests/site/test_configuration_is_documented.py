"""docs/configuration.md and uno_site/env.py name the same variables."""

import re
from pathlib import Path

from uno_site.runtime.options import OPTIONS

ROOT = Path(__file__).resolve().parents[2]


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "uno_site/env.py").read_text()))
    table = (ROOT / "docs/configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", table, flags=re.MULTILINE))
    assert read == documented


def test_every_setting_at_run_time_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    section = text.partition("## Settings at run time")[2]
    names = "".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z_]+)`", names)) == set(OPTIONS)


def test_variables_are_read_in_one_place_only() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for room in ("uno_site", "chat", "curation", "training")
        for path in (ROOT / room).rglob("*.py")
        if path.name != "env.py"
        and re.search(r"os\.environ\[|os\.environ\.get|os\.getenv", path.read_text())
    ]
    assert offenders == []
