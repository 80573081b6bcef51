"""(Internal) One step of an evaluation, inside the scratch instance that ``evaluate`` made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.evaluation.config import EvaluationConfig
from training.services.evaluation.steps import do_step
from training.services.evaluation.workplace import SeedFolder
from uno_site.errors import UnoError


class Command(BaseCommand):
    help = "(internal) One step of an evaluation; use evaluate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the seed's folder")
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--name", required=True, help='"live", or a method')

    def handle(self, *args: Any, folder: Path, seed: int, name: str, **options: Any) -> None:
        database = Path(str(settings.DATABASES["default"]["NAME"]))
        if not database.is_relative_to(folder.resolve()):
            raise CommandError("This fills its database; leave it to evaluate itself.")
        call_command("migrate", verbosity=0)
        config = EvaluationConfig.from_json(json.loads((folder / "config.json").read_text()))
        try:
            do_step(config, SeedFolder(folder), seed, name, lambda line: self.stdout.write(line))
        except UnoError as error:
            raise CommandError(str(error)) from error
