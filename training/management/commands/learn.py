"""One pass of the whole loop from the command line, and tables that account for everything."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from training.presentation import job_bar, learn_tables
from uno_site.errors import UnoError
from uno_site.jobs.services import job_run_now

KIND = "training.learn"


class Command(BaseCommand):
    help = "Distil, cluster, score, train, verify and promote once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--approve-all",
            action="store_true",
            help="approve every unflagged rule and pair that waits for a curator",
        )
        parser.add_argument("--no-promote", action="store_true", help="leave promotion to an admin")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout)
        params = {
            "approve_all": options["approve_all"],
            "promote": not options["no_promote"],
            "seed": options["seed"],
        }
        try:
            with job_bar(console, KIND, "Learning"):
                job = job_run_now(kind=KIND, params=params)
        except UnoError as error:
            raise CommandError(str(error)) from error
        for table in learn_tables(job.result):
            console.print(table)
