"""The supervisor keeps its services running and ends them together."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from rich.console import Console

from uno_site.supervisor import FIRST_BACKOFF_SECONDS, Service, Supervisor

ROOT = Path(__file__).resolve().parents[2]
TWO_SERVICES = """
import sys
from uno_site.supervisor import Supervisor, python_service
loop = "import time; print('up', flush=True); time.sleep(60)"
Supervisor([python_service(n, "cyan", "-c", loop) for n in ("one", "two")]).run(lambda: None)
"""


def lines_until(process: subprocess.Popen[str], wanted: str, n: int = 1) -> list[str]:
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line)
        if sum(wanted in text for text in seen) >= n:
            return seen
    raise AssertionError(f"{wanted!r} not seen in {seen}")


def start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TWO_SERVICES],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_one_interrupt_ends_everything() -> None:
    supervisor = start()
    lines_until(supervisor, "up", n=2)
    children = psutil.Process(supervisor.pid).children(recursive=True)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(timeout=15) == 0
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert len(gone) == 2
    assert alive == []


def test_a_killed_service_is_started_again() -> None:
    supervisor = start()
    try:
        lines_until(supervisor, "up", n=2)
        psutil.Process(supervisor.pid).children()[0].kill()
        seen = lines_until(supervisor, "up")
        assert any("starts again" in line for line in seen)
    finally:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(timeout=15)


def test_the_pause_before_a_restart_doubles() -> None:
    service = Service("brief", [sys.executable, "-c", ""], "cyan")
    supervisor = Supervisor([service], Console(file=io.StringIO()))
    supervisor._start(service)
    service.process.wait()
    supervisor._plan_restart(service, time.monotonic())
    assert service.backoff == 2 * FIRST_BACKOFF_SECONDS
    supervisor._plan_restart(service, time.monotonic())
    assert service.backoff == 4 * FIRST_BACKOFF_SECONDS


def test_what_a_killed_service_leaves_behind_is_ended(tmp_path) -> None:
    left = tmp_path / "left.pid"
    script = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(left)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    service = Service("parent", [sys.executable, "-c", script], "cyan")
    supervisor = Supervisor([service], Console(file=io.StringIO()))
    supervisor._start(service)
    deadline = time.monotonic() + 30
    while not (left.exists() and left.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = psutil.Process(int(left.read_text()))
    service.process.kill()
    service.process.wait()
    supervisor._plan_restart(service, time.monotonic())
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
