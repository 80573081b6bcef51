"""The catalogues of translations: bring them up to date and list what is missing.

    manage.py messages            collect the strings, compile, list what has no translation
    manage.py messages --check    change nothing; fail where something is missing or stale

It needs GNU gettext, which ``make messages`` and ``make test`` install.
"""

from __future__ import annotations

import re
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import makemessages
from django.utils.translation import to_locale

LOCALES = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
NOT_OURS = ["tests", "var", "build", "static"]
DATE = re.compile(r'^"POT-Creation-Date:.*\n', re.MULTILINE)


class Command(makemessages.Command):
    """Django's ``makemessages`` for every language at once, in one fixed form."""

    help = "Bring the translations' catalogues up to date and list what is missing."
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy"]
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--check", action="store_true", help="Change nothing, only compare.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        self.is_check = check
        self.problems: list[str] = []
        fixed = {"locale": LOCALES, "no_wrap": True, "no_location": True, "no_obsolete": True}
        ignored = [*options["ignore_patterns"], *NOT_OURS]
        options |= {**fixed, "ignore_patterns": ignored, "verbosity": 0}
        super().handle(*args, **options)
        if self.problems:
            raise CommandError("\n".join(self.problems))
        self.stdout.write(f"Every string is translated: {', '.join(LOCALES)}.")

    def build_potfiles(self) -> list[str]:
        """The template of the strings; Django finds its folder by two ways."""
        return list(dict.fromkeys(super().build_potfiles()))

    def write_po_file(self, potfile: str, locale: str) -> None:
        """Bring one catalogue up to date unless it is only checked, and note its problems."""
        catalogue = Path(potfile).parent / locale / "LC_MESSAGES" / "django.po"
        if not self.is_check:
            super().write_po_file(potfile, locale)
            catalogue.write_text(DATE.sub("", catalogue.read_text("utf-8")), "utf-8")
        self._note(locale, "msgcmp", str(catalogue), potfile)
        compiled = self._compiled(locale, catalogue)
        target = catalogue.with_suffix(".mo")
        if not self.is_check:
            target.write_bytes(compiled)
        elif not target.exists() or target.read_bytes() != compiled:
            self.problems.append(f"{locale}: django.mo is not what django.po says.")

    def _compiled(self, locale: str, catalogue: Path) -> bytes:
        """The catalogue as Django reads it; placeholders are compared on the way."""
        return self._note(locale, "msgfmt", "--check-format", "--no-hash", "-o-", str(catalogue))

    def _note(self, locale: str, *command: str) -> bytes:
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            self.problems.append(f"{locale}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout
