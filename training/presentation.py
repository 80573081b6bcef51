"""How long work looks on a terminal: a progress bar above its log, tables at the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from uno_site.jobs.models import Job

WATCH_SECONDS = 0.5


@contextmanager
def job_bar(console: Console, kind: str, title: str) -> Iterator[None]:
    """Draw the progress and the log of the job of ``kind`` that begins inside the block."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}"),
    )
    over = threading.Event()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=1.0, message="")
        watcher = threading.Thread(
            target=_watch, args=(progress, task, kind, timezone.now(), over), daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(timeout=10)


def _watch(progress: Progress, task: TaskID, kind: str, since: Any, over: threading.Event) -> None:
    """Follow the job's row until told that it is over; then look once more."""
    n_shown = 0
    is_over = False
    while not is_over:
        is_over = over.wait(WATCH_SECONDS)
        job = Job.objects.filter(kind=kind, created_at__gte=since).first()
        if job is not None:
            lines = job.log.splitlines()
            for line in lines[n_shown:]:
                progress.console.print(line, markup=False, highlight=False)
            n_shown = len(lines)
            progress.update(task, completed=job.progress, message=job.message)
    connection.close()


def learn_tables(outcome: Mapping[str, Any]) -> list[Table]:
    """What a learning pass did: the entries' account, then the clusters'."""
    return [entries_table(outcome["entries"]), clusters_table(outcome)]


def entries_table(account: Mapping[str, Any]) -> Table:
    """Where every entry went, and what was made of them."""
    table = Table(title="Entries", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("all", str(account["n_entries"]), end_section=True)
    for label, n in account["outcomes"].items():
        table.add_row(label, str(n))
    for name in ("rules", "pairs", "flags"):
        table.add_section()
        for label, n in account[name].items():
            table.add_row(f"{name}: {label}", str(n))
    return table


def clusters_table(outcome: Mapping[str, Any]) -> Table:
    """What each cluster had, and what came of it."""
    version = outcome["table_version"]
    title = f"Clusters (routes v{version} published)" if version else "Clusters"
    table = Table(title=title, title_justify="left")
    for heading in ("Cluster", "Entries", "Pairs", "Gap", "Runs and verdicts", "Answered by"):
        is_number = heading in ("Entries", "Pairs", "Gap")
        table.add_column(heading, justify="right" if is_number else "left")
    for cluster in outcome["clusters"]:
        table.add_row(
            cluster["cluster"],
            str(cluster["n_entries"]),
            str(cluster["n_pairs"]),
            "–" if cluster["gap"] is None else f"{cluster['gap']:.2f}",
            _runs(cluster),
            cluster["route"],
        )
    return table


def _runs(cluster: Mapping[str, Any]) -> str:
    lines = [f"{run['kind']} {run['state']}: {run['reason']}" for run in cluster["runs"]]
    return "\n".join([*lines, *([cluster["note"]] if cluster["note"] else [])]) or "–"
