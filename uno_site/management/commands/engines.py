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
        Console(file=self.stdout, soft_wrap=True).print(replicas_table(reports))
        n_lost = sum(report.state != "serving" for report in reports)
        if n_lost:
            raise CommandError(f"{n_lost} of {len(reports)} engines do not serve as they should.")


def replicas_table(reports: list[ReplicaReport]) -> Table:
    """The replicas, one a row."""
    table = Table(title="Engines", title_justify="left")
    for title in ("Engine", "State", "Model", "Load", "Adapters", "Lacks", "Answer", "Error"):
        table.add_column(title, justify="right" if title == "Answer" else "left")
    for report in reports:
        health = report.health
        colour = COLOURS[report.state]
        table.add_row(
            escape(report.url),
            f"[{colour}]{report.state}[/]",
            health.base_model if health else "",
            f"{health.n_active} writing, {health.n_queued} waiting" if health else "",
            "\n".join(report.adapters),
            "\n".join(report.missing),
            f"{report.seconds * 1000:.0f} ms" if health else "",
            escape(report.error),
        )
    return table
