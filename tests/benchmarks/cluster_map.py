"""The cluster map with 20,000 entries: drawing it, opening it, and moving it in a browser.

The entries are those of :mod:`tests.topics`, in a database of their own behind a web server of
their own. A page counts as interactive when its points are drawn and a wheel's turn moves them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.benchmarks.report import Report, bar, machine, write_report
from tests.browsers import chromium_path
from tests.e2e.steps import enter
from tests.topics import SEED
from uno_site.ports import free_port

NAME = "bench-map"
ROOT = Path(__file__).resolve().parents[2]
N_ENTRIES = 20_000
N_LOADS = 5
PAN_SECONDS = 4
MAX_DRAW_SECONDS, MAX_OPEN_SECONDS, MIN_FRAMES = 15.0, 2.0, 30.0
PASSWORD = "looking-at-the-map"
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu"]
TITLES = {
    "drawing": "Projecting 20,000 entries",
    "opening": "Opening the page",
    "moving": "Moving the map: frames drawn in headless Chromium without a GPU",
}
#: Resolves with the milliseconds since the navigation began, when a wheel's turn was drawn.
INTERACTIVE = """
async () => {
  const frame = () => new Promise(requestAnimationFrame);
  while (!window.uno.map || window.uno.map.map.frames === 0) await frame();
  const map = window.uno.map.map;
  const before = [map.frames, map.scale];
  document.querySelector("canvas").dispatchEvent(
    new WheelEvent("wheel", { deltaY: -200, cancelable: true }),
  );
  while (map.frames === before[0]) await frame();
  if (map.scale <= before[1]) throw new Error("the wheel did nothing");
  return performance.now();
}
"""
#: Drags the map about for so many seconds, a pointer's step at each frame that the browser offers.
PAN = """
async (seconds) => {
  const canvas = document.querySelector("canvas");
  const map = window.uno.map.map;
  const [w, h] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
  const box = canvas.getBoundingClientRect();
  const send = (name, x, y) => canvas.dispatchEvent(new PointerEvent(name, {
    pointerId: 1, pointerType: "mouse", clientX: box.left + x, clientY: box.top + y, button: 0,
  }));
  canvas.setPointerCapture = () => {};
  send("pointerdown", w, h);
  const [first, begun] = [map.frames, performance.now()];
  const gaps = [];
  let last = begun;
  while (last - begun < 1000 * seconds) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    const angle = (now - begun) / 400;
    send("pointermove", w + 0.3 * w * Math.sin(angle), h + 0.3 * h * Math.sin(2 * angle));
  }
  send("pointerup", w, h);
  return { frames: map.frames - first, seconds: (last - begun) / 1000, gaps };
}
"""


def main() -> int:
    report: Report = {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "UNO_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "uno_site.settings.dev",
            "DATABASE_URL": f"sqlite:///{folder}/map.sqlite3",
        }
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            report["drawing"] = pool.submit(make_store, SEED, environment).result()
        with web_server(Path(folder), environment) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium_path(), args=BROWSER_ARGUMENTS
            )
            page = browser.new_context(
                base_url=url, viewport={"width": 1280, "height": 900}
            ).new_page()
            enter(page, "curator", PASSWORD)
            report["opening"] = measure_opening(page)
            report["moving"] = measure_moving(page)
            browser.close()
    return write_report(NAME, report, TITLES)


def make_store(seed_folder: Path, environment: Mapping[str, str]) -> Report:
    """Fill the database that the environment names, cluster it, and time the drawing."""
    os.environ.update(environment)
    import django

    django.setup()
    from django.core.management import call_command

    from curation.models import Cluster, LogEntry
    from curation.services.clustering import clusters_rebuild
    from curation.services.mapping import map_update
    from uno_site.accounts.models import User

    call_command("migrate", verbosity=0)
    User.objects.create_user(
        username="curator", password=PASSWORD, role="curator", training_consent=False
    )
    fill(seed_folder)
    clusters_rebuild()
    gaps = np.random.default_rng(1).beta(2, 3, N_ENTRIES)
    entries = list(LogEntry.objects.only("pk"))
    for entry, gap in zip(entries, gaps, strict=True):
        entry.gap = float(gap)
    LogEntry.objects.bulk_update(entries, ["gap"], batch_size=500)
    started = time.perf_counter()
    n_entries = map_update().n_entries
    seconds = time.perf_counter() - started
    return {
        "entries": n_entries,
        "clusters": Cluster.objects.current().count(),
        "seconds": bar(seconds, MAX_DRAW_SECONDS, at_least=False),
    }


def fill(seed_folder: Path) -> None:
    """Entries with rules and embeddings, as the loop would have made them."""
    from curation.models import EntryState, LogEntry, Rule
    from curation.services.embedding import embedder_name
    from curation.vectors import pack_vector
    from tests.benchmarks.clustering import embed_real
    from tests.topics import multiply

    drawn = multiply(embed_real(seed_folder)[0], N_ENTRIES)
    entries = [
        LogEntry(
            query=f"A question about {drawn.names[topic]}, number {number}.",
            response="A reply.",
            messages=[{"role": "user", "content": "A question."}],
            feedback=[{"kind": "comment", "text": "Please say it in other words."}],
            content_hash=str(number),
            state=EntryState.DISTILLED,
            query_embedding=pack_vector(query),
            rules_embedding=pack_vector(wish),
            embedder=embedder_name(),
        )
        for number, (topic, query, wish) in enumerate(
            zip(drawn.topics, drawn.queries, drawn.rules, strict=True)
        )
    ]
    LogEntry.objects.bulk_create(entries, batch_size=500)
    Rule.objects.bulk_create(
        [Rule(entry=entry, text="Use other words.") for entry in entries], batch_size=500
    )


@contextlib.contextmanager
def web_server(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The product's web server alone, on the environment's database."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "uno_site.asgi:application", "--port", str(port)]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/accounts/sign-in/", timeout=5).status_code == 200:
                    break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def measure_opening(page: Page) -> Report:
    """Seconds from the navigation's beginning until the map answers, over several loads."""
    page.goto("/curation/clusters/map/")
    page.evaluate(INTERACTIVE)
    seconds = []
    for _ in range(N_LOADS):
        page.goto("/curation/clusters/map/", wait_until="commit")
        seconds.append(page.evaluate(INTERACTIVE) / 1000)
    sizes = page.evaluate(
        "() => performance.getEntriesByType('resource').filter((r) => r.name.includes('points'))"
        ".map((r) => [r.transferSize, r.duration])"
    )
    return {
        "points": page.evaluate("() => window.uno.map.map.n"),
        "seconds_until_interactive_median": bar(
            float(np.median(seconds)), MAX_OPEN_SECONDS, at_least=False
        ),
        "seconds_worst": max(seconds),
        "kilobytes_of_points": sizes[0][0] / 1000,
        "milliseconds_for_the_points": sizes[0][1],
    }


def measure_moving(page: Page) -> Report:
    """Frames per second while the map is dragged, whole and zoomed in."""
    whole = _pan(page)
    page.evaluate("() => window.uno.map.map.zoom(6)")
    near = _pan(page)
    page.evaluate("() => { document.querySelector('[data-map-list] input').click(); }")
    return {"whole": whole, "zoomed_in": near, "one_cluster_highlighted": _pan(page)}


def _pan(page: Page) -> dict[str, Any]:
    told = page.evaluate(PAN, PAN_SECONDS)
    return {
        "frames_per_second": bar(told["frames"] / told["seconds"], MIN_FRAMES, at_least=True),
        "milliseconds_between_frames_p95": float(np.percentile(told["gaps"], 95)),
    }


if __name__ == "__main__":
    sys.exit(main())
