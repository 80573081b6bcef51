"""The web process alone, on data of its own: enough to look at screens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.product import Product
from tests.engines import ROOT
from uno_site.ports import free_port

Addresses = dict[str, dict[str, str]]


@contextmanager
def filled_web(data_dir: Path) -> Iterator[Product]:
    """A filled instance without worker and engine, so that nothing on its screens moves."""
    port = free_port()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "uno_site.settings.dev",
        "UNO_DATA_DIR": str(data_dir),
        "UNO_PORT": str(port),
        "UNO_ENGINE_URL": f"http://127.0.0.1:{free_port()}",
    }
    environment.pop("DATABASE_URL", None)
    environment.pop("REDIS_URL", None)
    product = Product(
        f"http://127.0.0.1:{port}", environment["UNO_ENGINE_URL"], data_dir, environment
    )
    product.manage("migrate", "--verbosity", "0")
    product.manage("bootstrap_accounts")
    shell(product, "from tests.screens.filled import fill; fill()")
    with product.log.open("ab") as log:
        product.process = subprocess.Popen(
            [*(sys.executable, "-m", "uvicorn", "uno_site.asgi:application"), "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        product.wait_for_web()
        yield product
    finally:
        product.stop()


def shell(product: Product, code: str) -> str:
    """Run Python inside the instance; returns what it printed."""
    return product.manage("shell", "--no-imports", "-c", code)


def addresses(product: Product) -> Addresses:
    """Every screen of the instance by role: see :mod:`tests.screens.pages`."""
    printed = shell(product, "from tests.screens.pages import print_addresses as p; p()")
    found: Addresses = json.loads(printed.splitlines()[-1])
    return found
