"""An engine of one's own, for the length of a command."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from uno_site.env import ROOT
from uno_site.inference.errors import EngineUnreachable

START_SECONDS = 180.0
STOP_SECONDS = 20.0


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def engine_process(environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Start an engine with ``environment`` on top of this process's; yields its URL.

    Raises
    ------
    EngineUnreachable
        It did not become ready; names its log.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uno_site.inference.engine", "--port", str(port)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{url}/health", timeout=2)
            if answer.status_code == 200 and answer.json().get("status") == "ok":
                return
        time.sleep(0.2)
    raise EngineUnreachable(f"The engine at {url} did not become ready.", remedy=f"See {log}.")
