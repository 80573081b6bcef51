"""``make learn-demo``: does the product learn? Two seeds of a simulated deployment, measured.

Each seed lives in a database and a data folder of its own under ``--work-dir``, so that the
user's instance is never touched; the engine is this command's own. Seeds that are done are
kept, and a seed that was interrupted goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from training.demo.engine import engine_process
from training.demo.measure import missed_bars
from training.demo.seed import Stopwatch, run_seed
from uno_site.errors import UnoError
from uno_site.files import write_json


class Command(BaseCommand):
    help = "Show that the product learns: scripted users, before and after, on held-out prompts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seeds", type=int, default=2, help="how many seeds, from 0")
        parser.add_argument("--out", type=Path, default=Path("var/reports/learn-demo.json"))
        parser.add_argument("--work-dir", type=Path, default=Path("var/learn-demo"))
        parser.add_argument("--fresh", action="store_true", help="run finished seeds again")
        parser.add_argument("--check", action="store_true", help="exit 1 if a bar is missed")
        parser.add_argument("--only-seed", type=int, help="(internal) run this seed here")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["only_seed"] is not None:
                self._run_here(options["only_seed"], options["work_dir"])
            else:
                self._run_all(options)
        except UnoError as error:
            raise CommandError(str(error)) from error

    def _run_all(self, options: dict[str, Any]) -> None:
        work_dir = options["work_dir"].resolve()
        seeds = list(range(options["seeds"]))
        results = {seed: work_dir / f"seed-{seed}.json" for seed in seeds}
        missing = [seed for seed in seeds if options["fresh"] or not results[seed].exists()]
        if missing:
            work_dir.mkdir(parents=True, exist_ok=True)
            with engine_process(_environment(work_dir), work_dir / "engine.log") as url:
                for seed in missing:
                    if options["fresh"]:
                        _forget(seed, work_dir)
                    self._run_child(seed, work_dir, url)
        report = {"seeds": [json.loads(results[seed].read_text()) for seed in seeds]}
        options["out"].parent.mkdir(parents=True, exist_ok=True)
        write_json(options["out"], report)
        self._conclude(report, is_check=options["check"], out=options["out"])

    def _run_child(self, seed: int, work_dir: Path, engine_url: str) -> None:
        self.stdout.write(f"Seed {seed}")
        environment = {
            **os.environ,
            **_environment(work_dir),
            "DATABASE_URL": f"sqlite:///{work_dir / f'seed-{seed}.sqlite3'}",
            "UNO_ENGINE_URL": engine_url,
        }
        command = [sys.executable, "manage.py", "learn_demo", "--work-dir", str(work_dir)]
        done = subprocess.run(
            [*command, "--only-seed", str(seed)],
            cwd=settings.BASE_DIR,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            raise CommandError(f"Seed {seed} failed; what it said stands above.")

    def _run_here(self, seed: int, work_dir: Path) -> None:
        database = str(settings.DATABASES["default"]["NAME"])
        if database != str(work_dir.resolve() / f"seed-{seed}.sqlite3"):
            raise CommandError("--only-seed fills its database; leave it to learn_demo itself.")
        call_command("migrate", verbosity=0)
        watch = Stopwatch(work_dir / f"seed-{seed}.progress.json")
        result = run_seed(seed, lambda line: self.stdout.write(f"  {line}"), watch)
        write_json(work_dir / f"seed-{seed}.json", result)

    def _conclude(self, report: dict[str, Any], *, is_check: bool, out: Path) -> None:
        console = Console(file=self.stdout)
        console.print(report_table(report))
        missed = missed_bars(report)
        for line in missed:
            console.print(f"missed: {line}", markup=False)
        console.print(f"Written to {out}", markup=False, soft_wrap=True)
        if missed and is_check:
            raise CommandError(f"{len(missed)} bars were missed.", returncode=1)


def _forget(seed: int, work_dir: Path) -> None:
    """Remove what a seed has left: its database, its result, its clock."""
    for path in work_dir.glob(f"seed-{seed}.*"):
        path.unlink()


def _environment(work_dir: Path) -> dict[str, str]:
    """The scratch instance: nothing of the user's, neither database nor Redis."""
    return {
        "UNO_DATA_DIR": str(work_dir),
        "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "uno_site.settings.dev",
        "UNO_LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def report_table(report: dict[str, Any]) -> Table:
    """Before and after, a row for each topic and seed."""
    table = Table(title="Does it learn?", title_justify="left")
    table.add_column("Seed", justify="right")
    for heading in ("Topic", "Route"):
        table.add_column(heading)
    for heading in ("Edit cost", "On topic", "Rules obeyed", "Win rate", "Noise promoted", "Time"):
        table.add_column(heading, justify="right")
    for run in report["seeds"]:
        for topic, row in run["topics"].items():
            table.add_row(
                str(run["seed"]),
                topic,
                row["route"],
                _change(row, "edit_cost", 3),
                _change(row, "on_topic", 2),
                _change(row, "rules_obeyed", 2),
                f"{row['win_rate']:.2f}",
                "yes" if run["noise_promoted"] else "no",
                f"{run['seconds']:.0f} s",
            )
    return table


def _change(row: dict[str, Any], name: str, digits: int) -> str:
    return f"{row[f'{name}_before']:.{digits}f} → {row[f'{name}_after']:.{digits}f}"
