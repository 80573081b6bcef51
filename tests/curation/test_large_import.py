"""A file of 100 MB is imported in a job, with progress, in bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE_BYTES = 100 * 2**20

#: What an import may take beyond what the process holds before its first row: one batch of
#: 200 rows of this size (0.9 MB), twice over as rows and as entries, and the parser's buffers.
MAX_GROWTH_BYTES = 32 * 2**20

_SCRIPT = """
import json, sys, threading, django, psutil
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from curation.models import LogEntry
from uno_site.jobs import context
from uno_site.jobs.services import job_run_now
me, told, peak, done = psutil.Process(), [], [0], threading.Event()
def watch():
    while not done.wait(0.02):
        peak[0] = max(peak[0], me.memory_info().rss)
progress = context.JobContext.progress
def tell(self, share, *args):
    told.append(share)
    progress(self, share, *args)
context.JobContext.progress = tell
before = me.memory_info().rss
threading.Thread(target=watch, daemon=True).start()
job = job_run_now(kind="curation.import", params={"path": sys.argv[1], "name": "big"})
done.set()
print(json.dumps({
    "growth": peak[0] - before, "told": told, "result": job.result,
    "seconds": job.seconds, "n_entries": LogEntry.objects.count(),
}))
"""


def write_file(path: Path, *, is_array: bool) -> int:
    """Rows of 4 KB, one bad among them; how many rows."""
    text, n = "word " * 400, 0
    with path.open("w", encoding="utf-8") as file:
        file.write("[" if is_array else "")
        while file.tell() < FILE_BYTES:
            turns = [("user", f"Question {n}? {text}"), ("assistant", f"Answer {n}. {text}")]
            row = {"messages": [{"role": role, "content": content} for role, content in turns]}
            file.write((("," if n else "") if is_array else "") + json.dumps(row) + "\n")
            n += 1
        file.write((',{"messages": []}]' if is_array else '{"messages": []}') + "\n")
    return n


@pytest.mark.slow
@pytest.mark.parametrize("is_array", [False, True], ids=["lines", "array"])
def test_memory_stays_bounded(tmp_path: Path, is_array: bool) -> None:
    path = tmp_path / "uploads" / "big.json"
    path.parent.mkdir()
    n_rows = write_file(path, is_array=is_array)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "uno_site.settings.test",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "UNO_DATA_DIR": str(tmp_path),
    }
    run = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(path)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout.splitlines()[-1])
    megabytes, seconds = told["growth"] / 2**20, told["seconds"]
    sys.stderr.write(f"{n_rows} rows, {megabytes:.0f} MiB more memory, {seconds:.0f} s\n")
    assert told["n_entries"] == told["result"]["n_added"] == n_rows
    assert told["result"]["n_bad"] == 1
    assert told["growth"] < MAX_GROWTH_BYTES
    assert len(told["told"]) > 50
    assert told["told"] == sorted(told["told"])
    assert told["told"][-1] == 1.0
