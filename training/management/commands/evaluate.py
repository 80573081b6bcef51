"""``make evaluate``: which method helps, on prompts that nothing was trained on.

The conversations are had, learned from and asked about in scratch instances; the user's own
data are never touched. The answers are kept one by one: interrupted, it goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from training.evaluation.methods.catalogue import METHODS
from training.evaluation.sets.outside import SIZES
from training.evaluation.sets.registry import known_sets
from training.models import Evaluation
from training.presentation import job_bar
from training.services.evaluation.export import outside_table, results_table, write_reports
from uno_site.errors import UnoError
from uno_site.jobs.services import job_run_now

KIND = "training.evaluate"


class Command(BaseCommand):
    help = "Compare methods on a set's held-out prompts; interrupted, it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--methods",
            nargs="+",
            default=["all"],
            help=f"all, or of: {', '.join(METHODS)}; base is always among them",
        )
        parser.add_argument(
            "--set", default="simulated", help=f"NAME or NAME:PATH: {', '.join(known_sets())}"
        )
        parser.add_argument("--seeds", type=int, default=3, help="how many seeds, from 0")
        parser.add_argument(
            "--outside",
            choices=list(SIZES),
            default="",
            help="also ask prompts outside every cluster (IFEval, GSM8K, a text): how many",
        )
        parser.add_argument("--out", type=Path, default=Path("var/reports"), help="a folder")
        parser.add_argument("--name", default="evaluate", help="the reports' name in the folder")
        parser.add_argument("--fresh", action="store_true", help="forget what was done before")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout)
        params = {
            "set": options["set"],
            "methods": options["methods"],
            "seeds": list(range(options["seeds"])),
            "outside": options["outside"],
            "fresh": options["fresh"],
        }
        try:
            with job_bar(console, KIND, "Evaluating"):
                job = job_run_now(kind=KIND, params=params)
        except UnoError as error:
            raise CommandError(str(error)) from error
        evaluation = Evaluation.objects.get(pk=job.result["evaluation"])
        console.print(results_table(evaluation))
        if evaluation.results.get("outside"):
            console.print(outside_table(evaluation))
        for path in write_reports(evaluation, options["out"], options["name"]):
            console.print(f"Written to {path}", markup=False, soft_wrap=True)
