"""Importing logs: rows become entries once, bad rows are told by line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from curation.models import Candidate, EntryState, LogEntry
from curation.services.importing import NEXT_REPLY, logs_import
from uno_site.jobs.services import job_run_now

pytestmark = pytest.mark.django_db
SEED = Path(__file__).resolve().parents[1] / "fixtures" / "seed"


def run(*paths: Path) -> str:
    out = io.StringIO()
    call_command("import_logs", *map(str, paths), stdout=out)
    return out.getvalue()


def write(path: Path, *rows: object) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def openai_row(text: str) -> dict[str, object]:
    turns = [("user", text), ("assistant", "An answer."), ("user", "Shorter, please.")]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def test_every_seed_row_becomes_an_entry_and_a_second_import_adds_nothing() -> None:
    n_rows = sum(len(path.read_text().splitlines()) for path in SEED.glob("*.jsonl"))
    run(SEED)
    assert LogEntry.objects.count() == n_rows
    assert set(LogEntry.objects.values_list("state", flat=True)) == {EntryState.PENDING}
    assert all(LogEntry.objects.values_list("licence", flat=True))
    n_candidates = Candidate.objects.count()
    run(SEED)
    assert (LogEntry.objects.count(), Candidate.objects.count()) == (n_rows, n_candidates)


def test_a_persons_rewrite_is_a_correction_and_the_next_reply_is_not() -> None:
    logs_import(path=SEED / "defacto_feedback.jsonl")
    assert not LogEntry.objects.filter(correction__isnull=True).exists()
    assert not Candidate.objects.exists()
    logs_import(path=SEED / "hh_feedback.jsonl")
    assert set(Candidate.objects.values_list("strategy", flat=True)) == {NEXT_REPLY}


def test_bad_rows_are_told_by_line_and_the_good_ones_kept(tmp_path: Path) -> None:
    rows = (openai_row("One?"), "{broken", openai_row("Two?"), {"messages": []})
    output = run(write(tmp_path / "logs.jsonl", *rows))
    assert LogEntry.objects.count() == 2
    assert "line 2: invalid JSON" in output
    assert "line 4:" in output


def test_the_same_row_twice_in_a_file_is_one_entry(tmp_path: Path) -> None:
    row = openai_row("One?")
    report = logs_import(path=write(tmp_path / "logs.jsonl", row, row))
    assert (report.n_read, report.n_added, report.n_known) == (2, 1, 1)


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing"):
        run(tmp_path / "missing.jsonl")


def test_one_unreadable_file_does_not_stop_the_others(tmp_path: Path) -> None:
    output = run(tmp_path / "missing.jsonl", write(tmp_path / "logs.jsonl", openai_row("One?")))
    assert LogEntry.objects.count() == 1
    assert "Not read" in output


def test_the_job_reports_and_deletes_the_upload(settings: object, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "uploads").mkdir()
    upload = write(tmp_path / "uploads" / "x.jsonl", openai_row("One?"), "{broken")
    job = job_run_now(kind="curation.import", params={"path": str(upload), "name": "mine.jsonl"})
    assert (job.result["n_added"], job.result["n_bad"]) == (1, 1)
    assert job.result["errors"][0].startswith("line 2")
    assert not upload.exists()
