"""Importing logs: rows become entries once, bad rows are told by line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from curation.models import Candidate, EntryState, LogEntry
from curation.services.importing import NEXT_REPLY, logs_import
from uno_site.errors import UnoError
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


def test_the_same_content_under_another_id_is_one_entry(tmp_path: Path) -> None:
    logs_import(path=write(tmp_path / "a.jsonl", openai_row("One?") | {"id": "a"}))
    report = logs_import(path=write(tmp_path / "b.jsonl", openai_row("One?") | {"id": "b"}))
    assert (report.n_added, report.n_known) == (0, 1)


def test_rows_of_other_files_with_the_same_id_are_both_kept(tmp_path: Path) -> None:
    logs_import(path=write(tmp_path / "a.jsonl", openai_row("One?") | {"id": "1"}))
    again = write(tmp_path / "b.jsonl", openai_row("Two?") | {"id": "1"})
    assert logs_import(path=again).n_added == 1
    assert logs_import(path=again).n_added == 0
    assert sorted(LogEntry.objects.values_list("query", flat=True)) == ["One?", "Two?"]


def test_a_preferred_answer_is_a_preferred_sibling(tmp_path: Path) -> None:
    logs_import(path=write(tmp_path / "a.jsonl", {"prompt": "Q", "chosen": "B", "rejected": "A"}))
    entry = LogEntry.objects.get()
    assert (entry.response, entry.preferred_sibling, entry.correction) == ("A", "B", None)


def test_progress_ends_with_the_whole_file(tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []
    path = write(tmp_path / "a.jsonl", *[openai_row(f"{n}?") for n in range(450)])
    logs_import(path=path, on_progress=lambda share, n_read: told.append((share, n_read)))
    assert [n_read for _, n_read in told] == [200, 400, 450]
    assert told[-1][0] == 1.0


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


@pytest.mark.parametrize("place", ["elsewhere.jsonl", "uploads/../elsewhere.jsonl", "uploads/link"])
def test_the_job_reads_nothing_but_uploads(settings: object, tmp_path: Path, place: str) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "uploads").mkdir()
    write(tmp_path / "elsewhere.jsonl", openai_row("One?"))
    (tmp_path / "uploads" / "link").symlink_to(tmp_path / "elsewhere.jsonl")
    params = {"path": str(tmp_path / place), "name": "x"}
    with pytest.raises(UnoError, match="is no upload"):
        job_run_now(kind="curation.import", params=params)
    assert not LogEntry.objects.exists()
    assert (tmp_path / "elsewhere.jsonl").exists()
