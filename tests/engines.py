"""Real engine processes for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from uno_site.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 300
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine: where it answers, its process, what it printed."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait_until_healthy(self) -> None:
        """Wait until it is ready; one that ended says why."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"The engine ended: {self.tail()}"
            try:
                answer = httpx.get(f"{self.url}/health", timeout=2)
                if answer.status_code == 200 and answer.json()["status"] == "ok":
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"The engine did not become ready: {self.tail()}")

    def tail(self) -> str:
        """The last that it printed."""
        return self.log.read_text(errors="replace")[-2000:]


@contextmanager
def running_engine(
    data_dir: Path,
    *options: str,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Engine]:
    """``python -m uno_site.inference.engine`` with its data in ``data_dir``, ended afterwards."""
    port = port or free_port()
    log = data_dir / f"engine-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uno_site.inference.engine", "--port", str(port), *options],
            cwd=ROOT,
            env={**os.environ, "UNO_DATA_DIR": str(data_dir), **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    engine = Engine(f"http://127.0.0.1:{port}", process, log)
    try:
        engine.wait_until_healthy()
        yield engine
    finally:
        process.terminate()
        process.wait(timeout=STOP_SECONDS)
