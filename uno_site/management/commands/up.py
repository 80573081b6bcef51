"""Serve UNO on this machine: migrate, make the first accounts, start web, worker, engine."""

from __future__ import annotations

import time
from typing import Any

import httpx
import psutil
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from uno_site.inference.replicas import split_urls
from uno_site.jobs.models import Job, JobState
from uno_site.jobs.schedules import schedules_install
from uno_site.jobs.services import jobs_release_orphans
from uno_site.supervisor import Service, Supervisor, python_service

READY_SECONDS = 120


class Command(BaseCommand):
    help = "Serve UNO: web, worker and engine in one terminal. Ctrl-C ends all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-engine", action="store_true", help="use the engine at UNO_ENGINE_URL instead"
        )

    def handle(self, *args: Any, no_engine: bool, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        schedules_install()
        if connection.vendor == "sqlite":
            # Only then are all jobs on this machine; elsewhere the heartbeat tells who is gone.
            jobs_release_orphans()
        call_command("bootstrap_accounts")
        supervisor = Supervisor(self._services(no_engine))
        try:
            supervisor.run(lambda: self._announce(supervisor))
        finally:
            self._end_jobs()

    def _services(self, no_engine: bool) -> list[Service]:
        web = python_service(
            "web",
            "cyan",
            *("-m", "uvicorn", "uno_site.asgi:application"),
            *("--host", settings.UNO.host, "--port", str(settings.UNO.port)),
            *("--no-access-log", "--log-level", "warning"),
            *("--timeout-graceful-shutdown", "5"),
        )
        worker = python_service("worker", "green", "manage.py", "qcluster")
        engine = python_service("engine", "magenta", "-m", "uno_site.inference.engine")
        return [web, worker] if no_engine else [engine, web, worker]

    def _announce(self, supervisor: Supervisor) -> None:
        site = f"http://{settings.UNO.host}:{settings.UNO.port}"
        deadline = time.monotonic() + READY_SECONDS
        engines = split_urls(settings.UNO.engine_url)
        names = ["the engine"] if len(engines) == 1 else [f"the engine {url}" for url in engines]
        waiting = {"UNO": f"{site}/health"}
        waiting |= {name: f"{url}/health" for name, url in zip(names, engines, strict=True)}
        while waiting and time.monotonic() < deadline:
            waiting = {name: url for name, url in waiting.items() if not self._is_ready(url)}
            time.sleep(0.3)
        for name, url in waiting.items():
            supervisor.say(
                "uno", f"{name} does not answer at {url} yet; see the lines above", "red"
            )
        if not waiting:
            supervisor.say("uno", f"ready: open {site}  (Ctrl-C stops everything)", "bold green")

    @staticmethod
    def _is_ready(url: str) -> bool:
        try:
            answer = httpx.get(url, timeout=2)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and b"loading" not in answer.content

    @staticmethod
    def _end_jobs() -> None:
        """End the job processes too; each puts its job back into the queue."""
        jobs = Job.objects.filter(state=JobState.RUNNING).exclude(pid=None)
        processes = [found for job in jobs if (found := job_process(job)) is not None]
        for process in processes:
            process.terminate()
        psutil.wait_procs(processes, timeout=20)


def job_process(job: Job) -> psutil.Process | None:
    """The process that does a job, if it is on this machine; its number alone does not tell."""
    try:
        process = psutil.Process(job.pid)
        return process if str(job.pk) in process.cmdline() else None
    except psutil.Error:
        return None
