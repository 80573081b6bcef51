"""Look at every replica of the inference engine: its state, its adapters, what it lacks."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from uno_site.engine_clients import served_client
from uno_site.errors import UnoError
from uno_site.inference.reports import ReplicaReport

#: Columns of a file or a pipe, where a terminal would tell its own.
PIPED_WIDTH = 140
COLOURS = {"serving": "green", "behind": "yellow", "loading": "yellow", "away": "red"}


class Command(BaseCommand):
    help = (
        "List the engine's replicas with their state and adapters; fails unless all of them serve."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sync", action="store_true", help="first load the served adapters where they lack"
        )

    def handle(self, *args: Any, sync: bool, **options: Any) -> None:
        client = served_client()
        if sync:
            try:
                client.bring_up_to_date()
            except UnoError as error:
                self.stderr.write(str(error))
        reports = client.replicas()
        width = None if self.stdout.isatty() else PIPED_WIDTH
        console = Console(file=self.stdout, width=width)
        console.print(replicas_table(reports))
        for report in reports:
            if report.health and report.health.model_format:
                console.print(
                    f"{report.url}: {report.health.model_format}", markup=False, soft_wrap=True
                )
            if report.error:
                console.print(f"{report.url}: {report.error}", markup=False, soft_wrap=True)
        n_lost = sum(report.state != "serving" for report in reports)
        if n_lost:
            raise CommandError(f"{n_lost} of {len(reports)} engines do not serve as they should.")


def replicas_table(reports: list[ReplicaReport]) -> Table:
    """The replicas, one a row."""
    table = Table(title="Engines", title_justify="left")
    for title in ("Engine", "State", "Model", "Writing", "Waiting", "Adapters"):
        table.add_column(title, justify="right" if title in ("Writing", "Waiting") else "left")
    for report in reports:
        health = report.health
        adapters = [*report.adapters, *(f"{name} (missing)" for name in report.missing)]
        table.add_row(
            escape(report.url),
            f"[{COLOURS[report.state]}]{report.state}[/]",
            escape(health.base_model) if health else "",
            str(health.n_active) if health else "",
            str(health.n_queued) if health else "",
            escape("\n".join(adapters)),
        )
    return table
