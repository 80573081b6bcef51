"""``make bench-endurance``: half an hour of everything at once, and an engine that is shot.

Clients chat, stop in the middle, vanish, ask for JSON and scores, load and unload adapters and
send nonsense. Each request has to end in an answer or in a refusal that gives a reason; the
engine must not crash and must not grow. Then it is killed under load, and has to be back,
serving with its adapters, within ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.benchmarks.report import Report, bar, machine, read_report, write_report
from tests.benchmarks.restart import measure_restart
from tests.engines import Engine, running_engine
from tests.inference.lora import make_adapter
from uno_site.inference.policy import Timeouts

BASE = "smollm2-135m-instruct"
N_CLIENTS = 10
CACHE_MIB = 64
"""Small, so that the cache is full long before memory is looked at first."""
WARM_UP_SHARE = 0.25
SAMPLE_SECONDS = 5.0
ADAPTERS = ("first", "second", "third")

TITLES = {
    "endurance": "Chat, cancel, vanish, JSON, scores, adapters, nonsense; ten clients at once",
    "restart": "SIGKILL under load",
}

Outcome = str


class Load:
    """Clients that misbehave in every way, and what became of each request."""

    def __init__(self, url: str, folder: Path) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.unexplained: list[str] = []
        self._client = httpx.AsyncClient(base_url=url, timeout=Timeouts().generate)
        self._folders = {
            name: make_adapter(folder / name, rank=8, layers=30, seed=i, scale=0.02)
            for i, name in enumerate(ADAPTERS)
        }
        self._actions: list[tuple[int, str, Callable[[random.Random], Awaitable[Outcome]]]] = [
            (6, "chat", self._chat),
            (3, "stream", self._stream),
            (3, "vanish", self._vanish),
            (2, "json", self._json),
            (2, "score", self._score),
            (1, "embed", self._embed),
            (1, "load", self._load),
            (1, "unload", self._unload),
            (2, "bad", self._bad),
        ]

    async def run(self, until: float, n_most: int) -> None:
        """All clients until the clock says ``until``, ``n_most`` requests together."""
        workers = [self._work(random.Random(i), until, n_most) for i in range(N_CLIENTS)]
        await asyncio.gather(*workers)
        await self._client.aclose()

    async def _work(self, draw: random.Random, until: float, n_most: int) -> None:
        weights = [weight for weight, _, _ in self._actions]
        while time.monotonic() < until and self.outcomes.total() < n_most:
            _, name, act = draw.choices(self._actions, weights)[0]
            try:
                outcome = await act(draw)
            except httpx.HTTPError as error:
                outcome = f"lost ({type(error).__name__})"
                self.unexplained.append(f"{name}: {error!r}")
            self.outcomes[f"{name}: {outcome}"] += 1

    def _judge(self, response: httpx.Response) -> Outcome:
        if response.status_code == 200:
            return "answered"
        try:
            error = response.json()["error"]
            if 400 <= response.status_code < 500 or response.status_code == 503:
                return f"refused ({error['code']})"
        except (ValueError, KeyError, TypeError):
            error = response.text[:200]
        self.unexplained.append(f"{response.status_code}: {error}")
        return f"unexplained ({response.status_code})"

    def _body(self, draw: random.Random, **fields: Any) -> dict[str, Any]:
        words = " ".join(
            draw.choices(["sea", "ship", "port", "wind", "sail"], k=draw.choice([5, 40, 300]))
        )
        return {
            "model": draw.choice([BASE, BASE, *ADAPTERS]),
            "messages": [{"role": "user", "content": f"Tell me about {words}."}],
            "max_tokens": draw.choice([1, 24, 80]),
            "temperature": 0.7,
            "user": f"user-{draw.randrange(6)}",
        } | fields

    async def _chat(self, draw: random.Random) -> Outcome:
        return self._judge(await self._client.post("/v1/chat/completions", json=self._body(draw)))

    async def _stream(self, draw: random.Random) -> Outcome:
        body = self._body(draw, stream=True)
        async with self._client.stream("POST", "/v1/chat/completions", json=body) as response:
            await response.aread()
            if response.status_code == 200 and b"[DONE]" not in response.content:
                self.unexplained.append(f"stream without end: {response.content[-200:]!r}")
                return "cut off"
            return self._judge(response)

    async def _vanish(self, draw: random.Random) -> Outcome:
        """Leave after the first bytes, or before them."""
        body = self._body(draw, stream=True, max_tokens=200)
        async with self._client.stream("POST", "/v1/chat/completions", json=body) as response:
            if draw.random() < 0.5:
                async for _ in response.aiter_bytes():
                    break
        return "left"

    async def _json(self, draw: random.Random) -> Outcome:
        schema = {
            "type": "object",
            "properties": {"topic": {"enum": ["sea", "land"]}, "n": {"type": "integer"}},
            "required": ["topic", "n"],
            "additionalProperties": False,
        }
        wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
        body = self._body(draw, response_format=wanted, max_tokens=60)
        return self._judge(await self._client.post("/v1/chat/completions", json=body))

    async def _score(self, draw: random.Random) -> Outcome:
        body = {
            "model": draw.choice([BASE, *ADAPTERS]),
            "prompt": "The sea is wide and blue and cold.",
            "max_tokens": 0,
            "prompt_logprobs": 0,
        }
        return self._judge(await self._client.post("/v1/completions", json=body))

    async def _embed(self, draw: random.Random) -> Outcome:
        body = {"input": [f"sentence {draw.random()}" for _ in range(8)]}
        return self._judge(await self._client.post("/v1/embeddings", json=body))

    async def _load(self, draw: random.Random) -> Outcome:
        name = draw.choice(ADAPTERS)
        body = {"lora_name": name, "lora_path": str(self._folders[name])}
        return self._judge(await self._client.post("/v1/load_lora_adapter", json=body))

    async def _unload(self, draw: random.Random) -> Outcome:
        body = {"lora_name": draw.choice(ADAPTERS)}
        return self._judge(await self._client.post("/v1/unload_lora_adapter", json=body))

    async def _bad(self, draw: random.Random) -> Outcome:
        path, content = draw.choice(
            [
                ("/v1/chat/completions", b"{not json"),
                ("/v1/chat/completions", b'{"model": "nobody", "messages": []}'),
                ("/v1/chat/completions", json.dumps(self._body(draw, temperature=-1)).encode()),
                ("/v1/completions", b'{"model": "%s", "prompt": [999999999]}' % BASE.encode()),
                ("/v1/load_lora_adapter", b'{"lora_name": "x", "lora_path": "/nowhere"}'),
                ("/v1/embeddings", b'{"input": []}'),
            ]
        )
        return self._judge(await self._client.post(path, content=content))


async def endure(engine: Engine, folder: Path, seconds: float, n_most: int) -> dict[str, Any]:
    """The load, with the engine's memory beside it."""
    load = Load(engine.url, folder)
    started = time.monotonic()
    process = psutil.Process(engine.process.pid)
    sizes: list[tuple[float, int]] = []

    async def watch() -> None:
        while True:
            sizes.append((time.monotonic() - started, process.memory_info().rss))
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    await load.run(started + seconds, n_most)
    watching.cancel()
    return _summary(load, sizes, engine)


def _summary(load: Load, sizes: list[tuple[float, int]], engine: Engine) -> dict[str, Any]:
    total = sizes[-1][0]
    early = [rss for at, rss in sizes if WARM_UP_SHARE * total <= at < 2 * WARM_UP_SHARE * total]
    late = [rss for at, rss in sizes if at >= (1 - WARM_UP_SHARE) * total]
    growth = max(late) / max(early) - 1
    return {
        "minutes": total / 60,
        "n_requests": load.outcomes.total(),
        "outcomes": dict(load.outcomes.most_common()),
        "memory_mib": {"second_quarter": max(early) / 2**20, "last_quarter": max(late) / 2**20},
        "memory_growth": bar(growth, 0.05, at_least=False),
        "unexplained": bar(len(load.unexplained), 0, at_least=False),
        "unexplained_examples": load.unexplained[:5],
        "crashes": bar(int(engine.process.poll() is not None), 0, at_least=False),
    }


def measure_endurance(minutes: float, n_most: int) -> Report:
    """An engine of its own, under load for so long or so many requests."""
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(os.environ.get("UNO_DATA_DIR", "var")).resolve()
        with running_engine(data_dir, "--cache", str(CACHE_MIB), "--context", "2048") as engine:
            return asyncio.run(endure(engine, Path(folder), 60 * minutes, n_most))


def main() -> int:
    """Measure both parts, or the one that is named; exit 1 if a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--requests", type=int, default=50_000, help="stop after so many")
    parser.add_argument("--only", choices=TITLES)
    options = parser.parse_args()
    report = (read_report("bench-endurance") if options.only else {}) | {"machine": machine()}
    if options.only != "restart":
        report["endurance"] = measure_endurance(options.minutes, options.requests)
    if options.only != "endurance":
        report["restart"] = measure_restart()
    return write_report("bench-endurance", report, TITLES)


if __name__ == "__main__":
    sys.exit(main())
