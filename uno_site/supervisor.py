"""Running UNO's processes in one terminal: start, readable logs, restart, one end for all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import IO

from rich.console import Console

FIRST_BACKOFF_SECONDS = 0.25
MAX_BACKOFF_SECONDS = 30.0
#: A process that lived so long has earned a fresh back-off.
STEADY_SECONDS = 60.0
TERMINATE_SECONDS = 10.0


@dataclass
class Service:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    colour: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    backoff: float = FIRST_BACKOFF_SECONDS
    environment: dict[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps services running until SIGINT or SIGTERM.

    Every line a service prints is shown behind its name. A service that ends is started
    again after a pause that doubles up to :data:`MAX_BACKOFF_SECONDS`.
    """

    def __init__(self, services: Sequence[Service], console: Console | None = None) -> None:
        self.services = services
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._stopping = threading.Event()

    def say(self, name: str, line: str, colour: str = "white") -> None:
        """Print one line behind a service's name."""
        self.console.print(f"[{colour}]{name:>7} │[/] ", end="")
        self.console.print(line, markup=False)

    def run(self, when_started: Callable[[], None]) -> None:
        """Start everything, call ``when_started`` in a thread, and watch until told to stop."""
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        for service in self.services:
            self._start(service)
        threading.Thread(target=when_started, daemon=True).start()
        try:
            while not self._stopping.wait(0.3):
                self._restart_dead()
        finally:
            self._end_all()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _start(self, service: Service) -> None:
        service.started, service.restart_at = time.monotonic(), 0.0
        service.process = subprocess.Popen(
            service.command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            # Its own session: Ctrl-C reaches the supervisor alone, which ends the rest in order.
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
        )
        assert service.process.stdout is not None
        reader = threading.Thread(
            target=self._relay, args=(service, service.process.stdout), daemon=True
        )
        reader.start()

    def _relay(self, service: Service, stream: IO[bytes]) -> None:
        for line in stream:
            self.say(service.name, line.decode(errors="replace").rstrip(), service.colour)

    def _restart_dead(self) -> None:
        now = time.monotonic()
        for service in self.services:
            if service.process is None or service.process.poll() is None:
                continue
            if not service.restart_at:
                self._plan_restart(service, now)
            elif now >= service.restart_at:
                self._start(service)

    def _plan_restart(self, service: Service, now: float) -> None:
        assert service.process is not None
        self._end_remains(service.process)
        if now - service.started > STEADY_SECONDS:
            service.backoff = FIRST_BACKOFF_SECONDS
        service.restart_at = now + service.backoff
        code = service.process.returncode
        self.say(
            "uno", f"{service.name} ended ({code}); starts again in {service.backoff:.3g} s", "red"
        )
        service.backoff = min(service.backoff * 2, MAX_BACKOFF_SECONDS)

    @staticmethod
    def _end_remains(process: subprocess.Popen[bytes]) -> None:
        """End what a dead service left in its session: a killed worker's helpers would work on."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    def _end_all(self) -> None:
        self.say("uno", "stopping …")
        alive = [s.process for s in self.services if s.process and s.process.poll() is None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + TERMINATE_SECONDS
        for process in alive:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self.say("uno", "stopped")


def python_service(name: str, colour: str, *arguments: str) -> Service:
    """A service that runs this Python with ``arguments``."""
    return Service(name, [sys.executable, *arguments], colour)
