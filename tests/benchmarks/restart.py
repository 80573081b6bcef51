"""The engine is killed under load: how long until an expert answers again, through the web."""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.report import bar
from tests.e2e.product import Product, running_product
from tests.inference.lora import make_adapter

N_CLIENTS = 4
ADAPTER = "bench-expert"
PUBLISH = """
from uuid import uuid4
import numpy as np
from chat.services.routes import RouteSpec, route_table_publish
from uno_site.accounts.api_keys import api_key_create
from uno_site.accounts.models import User
spec = RouteSpec(
    cluster_id=uuid4(), cluster_name="All", kind="expert",
    centroid=np.ones(384, dtype="float32") / 384**0.5,
    adapter_name="{name}", adapter_version=1, adapter_path="{path}",
)
route_table_publish(routes=[spec], note="benchmark", by=None)
key = api_key_create(user=User.objects.get(username="admin"), name="bench", scopes=["chat"])
print("KEY", key[1])
"""


def measure_restart(timeout_s: float = 60.0) -> dict[str, Any]:
    """Seconds from SIGKILL until the expert answers, and how the requests meanwhile ended."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        adapter = make_adapter(Path(folder) / "adapter", rank=8, layers=30, scale=0.02)
        with running_product(data_dir, {"UNO_API_REQUESTS_PER_MINUTE": "100000"}) as product:
            printed = product.manage("shell", "-c", PUBLISH.format(name=ADAPTER, path=adapter))
            key = printed.split("KEY")[1].split()[0]
            return _kill_and_wait(product, key, timeout_s)


def _kill_and_wait(product: Product, key: str, timeout_s: float) -> dict[str, Any]:
    outcomes: Counter[str] = Counter()
    is_over = threading.Event()
    client = httpx.Client(
        base_url=product.url, timeout=timeout_s, headers={"authorization": f"Bearer {key}"}
    )

    def work() -> None:
        while not is_over.is_set():
            outcomes[_ask(client)] += 1

    assert _ask(client) == "answered by the expert"
    threads = [threading.Thread(target=work, daemon=True) for _ in range(N_CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    product.kill("uno_site.inference.engine")
    killed = time.monotonic()
    outcomes.clear()
    while (end := _ask(client)) != "answered by the expert":
        assert time.monotonic() - killed < timeout_s, end
        time.sleep(0.1)
    seconds = time.monotonic() - killed
    is_over.set()
    for thread in threads:
        thread.join(timeout_s)
    return {
        "seconds_until_an_expert_answers": bar(seconds, 10.0, at_least=False),
        "requests_meanwhile": dict(outcomes),
    }


def _ask(client: httpx.Client) -> str:
    """How a short question ended."""
    body = {
        "model": "uno",
        "messages": [{"role": "user", "content": "Tell me about the sea."}],
        "max_tokens": 8,
    }
    try:
        answer = client.post("/v1/chat/completions", json=body)
    except httpx.HTTPError as error:
        return f"lost ({type(error).__name__})"
    if answer.status_code == 200:
        return "answered by the " + ("expert" if answer.json()["uno"]["adapter"] else "base")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return f"refused ({answer.json()['error']['code']})"
    return f"unexplained ({answer.status_code})"
