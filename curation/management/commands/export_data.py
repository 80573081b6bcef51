"""Write the approved pairs to a file, and beside it where each line comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from curation.services.exporting import export_format, export_provenance, export_rows
from uno_site.files import write_chunks
from uno_site.interchange.writers import WRITERS


class Command(BaseCommand):
    help = "Export approved pairs (PATH) with their provenance (PATH.provenance.jsonl)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("format", choices=sorted(WRITERS), metavar="FORMAT")
        parser.add_argument("path", type=Path, metavar="PATH")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        chosen = export_format(options["format"])
        write_chunks(path, export_rows(chosen))
        beside = path.with_name(f"{path.name}.provenance.jsonl")
        write_chunks(beside, export_provenance(chosen))
        with path.open("rb") as file:
            n_rows = sum(1 for _ in file)
        self.stdout.write(f"{n_rows} rows: {path}\nwhere they come from: {beside}")
