"""Import log files; what happened to every row is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from curation.services.importing import ImportReport, logs_import
from uno_site.errors import UnoError
from uno_site.interchange.readers import FORMATS

MAX_BAD_SHOWN = 50


class Command(BaseCommand):
    help = "Import log files (JSON lines or arrays, plain or gzipped); nothing is added twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument(
            "--format", choices=sorted(FORMATS), help="told from the first rows if not given"
        )

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        console = Console(file=self.stdout._out)
        reports, unreadable = [], []
        for path in _files(paths):
            try:
                reports.append(logs_import(path=path, format_name=options["format"]))
            except (UnoError, OSError) as error:
                unreadable.append(f"{path}: {error}")
        console.print(_totals(reports))
        _tell_bad_rows(console, reports)
        for line in unreadable:
            console.print(f"[red]Not read:[/red] {line}", highlight=False)
        if not reports or not any(report.n_read - report.n_bad for report in reports):
            raise CommandError("Nothing could be read.")


def _files(paths: list[Path]) -> list[Path]:
    """The files themselves; of a folder, the log files in it."""
    found: list[Path] = []
    for path in paths:
        patterns = ("*.jsonl", "*.json", "*.jsonl.gz", "*.json.gz") if path.is_dir() else ()
        inside = sorted(inner for pattern in patterns for inner in path.glob(pattern))
        found += inside or [path]
    return found


def _totals(reports: list[ImportReport]) -> Table:
    table = Table(title="Imported logs")
    table.add_column("File")
    for heading in ("Read", "Added", "Already there", "Bad"):
        table.add_column(heading, justify="right")
    for report in reports:
        table.add_row(report.name, *map(str, _counts(report)))
    if len(reports) > 1:
        table.add_section()
        sums = [sum(column) for column in zip(*map(_counts, reports), strict=True)]
        table.add_row("All", *map(str, sums))
    return table


def _counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.n_read, report.n_added, report.n_known, report.n_bad


def _tell_bad_rows(console: Console, reports: list[ImportReport]) -> None:
    for report in reports:
        for error in report.errors[:MAX_BAD_SHOWN]:
            console.print(f"{report.name}, {error}", highlight=False, markup=False)
        if report.n_bad > MAX_BAD_SHOWN:
            console.print(f"{report.name}: {report.n_bad - MAX_BAD_SHOWN} more bad rows.")
