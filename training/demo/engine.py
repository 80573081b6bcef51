"""An engine of one's own, for the length of a command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from uno_site.env import ROOT
from uno_site.inference.errors import EngineUnreachable
from uno_site.ports import free_port
from uno_site.processes import process_stop

START_SECONDS = 180.0
STOP_SECONDS = 20.0


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
        process_stop(process, STOP_SECONDS)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.HTTPError, ValueError):
            answer = httpx.get(f"{url}/health", timeout=2)
            if answer.status_code == 200 and answer.json().get("status") == "ok":
                return
        time.sleep(0.2)
    raise EngineUnreachable(f"The engine at {url} did not become ready.", remedy=f"See {log}.")
