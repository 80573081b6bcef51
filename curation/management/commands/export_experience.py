"""``manage.py export_experience``: shared notes as a signed file for other deployments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from curation.experience.keys import own_public_key
from curation.experience.sharing import export_lines
from uno_site.files import write_chunks


class Command(BaseCommand):
    help = "Writes everybody's approved notes and tombstones as signed JSON lines."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="a file; otherwise standard output")
        parser.add_argument("--name", default="", help="what this deployment calls itself")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = export_lines(name=options["name"])
        if options["path"] is None:
            sys.stdout.writelines(lines)
            return
        write_chunks(options["path"], (line.encode() for line in lines))
        self.stdout.write(f"Written. Whoever imports it needs this key: {own_public_key()}")
