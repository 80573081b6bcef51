"""Starting the whole product, as ``make run`` does, with data of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psutil
import psycopg

from tests.engines import ROOT
from uno_site.ports import free_port

READY_SECONDS = 180


@dataclass
class Product:
    """A running UNO: its address, its data folder, its accounts."""

    url: str
    engine_url: str
    data_dir: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.data_dir / "up.log"

    def start(self) -> None:
        """Start ``manage.py up`` and wait until web and engine answer."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait for web and engine to answer."""
        self.wait_for_web()
        self._wait_for(f"{self.engine_url}/health")

    def wait_for_web(self) -> None:
        """Wait for the web to answer."""
        self._wait_for(f"{self.url}/health")

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.get(url, timeout=2)
                if answer.status_code == 200 and b"loading" not in answer.content:
                    return
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"{url} did not answer.\n{self.log.read_text()[-4000:]}")

    def stop(self) -> None:
        """End everything, as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)

    def kill(self, what: str) -> int:
        """SIGKILL the process whose command line holds ``what``; returns its pid."""
        assert self.process is not None
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if what in " ".join(process.cmdline()):
                    process.kill()
                    return process.pid
        raise AssertionError(f"No process with {what!r} is running.")

    def password(self, username: str) -> str:
        """The password that the first start made for ``username``."""
        text = (self.data_dir / "first-accounts.txt").read_text()
        found = re.search(rf"^{username}\s+(\S+)$", text, flags=re.MULTILINE)
        assert found, text
        return found[1]

    def manage(self, *arguments: str, timeout: float = 600) -> str:
        """Run a management command on the product's data; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@contextlib.contextmanager
def _own_database(url: str) -> Iterator[str]:
    """A database of its own on the server that ``DATABASE_URL`` names."""
    name = f"uno_e2e_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def running_product(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Product]:
    """UNO with fresh data, stopped at the end; ``settings`` are variables of its environment."""
    port, engine_port = free_port(), free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "uno_site.settings.dev",
        "UNO_DATA_DIR": str(data_dir),
        "UNO_PORT": str(port),
        "UNO_ENGINE_URL": f"http://127.0.0.1:{engine_port}",
        **(settings or {}),
    }
    with contextlib.ExitStack() as stack:
        server = environment.pop("DATABASE_URL", "")
        if server.startswith("postgres"):
            environment["DATABASE_URL"] = stack.enter_context(_own_database(server))
        product = Product(
            f"http://127.0.0.1:{port}", environment["UNO_ENGINE_URL"], data_dir, environment
        )
        stack.callback(product.stop)
        product.start()
        yield product
