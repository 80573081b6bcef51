"""Ending a process that was started here: asked first, killed where it does not listen."""

from __future__ import annotations

import signal
import subprocess
import sys

from uno_site.processes import process_stop

DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
WAIT = "print(flush=True); time.sleep(60)"


def started(code: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", f"import signal, time; {code}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # by now it listens, or does not
    return process


def test_a_process_ends_when_it_is_asked() -> None:
    process = started(WAIT)
    process_stop(process, seconds=30)
    assert process.returncode == -signal.SIGTERM


def test_one_that_does_not_listen_is_killed() -> None:
    process = started(DEAF + WAIT)
    process_stop(process, seconds=0.2)
    assert process.returncode == -signal.SIGKILL


def test_one_that_has_ended_keeps_its_status() -> None:
    process = started("print(flush=True); raise SystemExit(3)")
    process.wait()
    process_stop(process, seconds=0.2)
    assert process.returncode == 3
