"""``manage.py import_experience FILE``: take in another deployment's notes as candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.experience.sharing import import_lines, origin_add
from uno_site.errors import Conflict, UnoError


class Command(BaseCommand):
    help = "Imports a signed file of notes; what arrives waits for a curator."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path)
        parser.add_argument("--key", default="", help="trust this public key of the sender first")
        parser.add_argument("--name", default="", help="what to call the sender")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["key"]:
                self._trust(options["key"], options["name"])
            with options["path"].open(encoding="utf-8") as lines:
                report = import_lines(lines)
        except (UnoError, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        refused = ", ".join(f"{name} {n}" for name, n in report.refusals.items()) or "none"
        self.stdout.write(
            f"{report.n_new} new, {report.n_changed} changed, {report.n_known} known, "
            f"{report.n_removed} removed; refused: {refused}."
        )

    def _trust(self, key: str, name: str) -> None:
        try:
            origin_add(name=name or "Another deployment", public_key=key, by=None)
        except Conflict:
            self.stdout.write("The sender is known already.")
