"""Server time of the list pages with 100,000 messages, 20,000 pairs and 50 clusters.

Each page is asked for in turns through Django's own client, middleware and templates included,
by somebody who owns all the messages and may see every room. The database is made anew in a
folder that goes away, or stands where ``DATABASE_URL`` says (an empty one).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Report, bar, machine, write_report

NAME = "bench-pages"
MAX_MS = 100.0
N_ROUNDS, N_WARM = 120, 3
N_ADDITIONS = 1_000_000
TITLES = {
    "size": "What is in the database",
    "fixed_work": "A fixed piece of arithmetic in each turn: how far the machine itself varies",
    "pages": "Each page",
}
PAGES = {
    "chat: home": "/",
    "chat: search, a word in every second message": "/search/?q=heating",
    "chat: search, two words": "/search/?q=heating+garden",
    "chat: search, the beginning of a word": "/search/?q=he",
    "chat: search, a rare word": "/search/?q=rareword",
    "chat: search, nothing": "/search/?q=nowhere",
    "chat: search, page 5": "/search/?q=heating&page=5",
    "chat: sidebar's search": "/c/?q=heating",
    "curation: overview": "/curation/",
    "curation: rules": "/curation/rules/",
    "curation: rules, approved": "/curation/rules/?state=approved",
    "curation: pairs": "/curation/pairs/",
    "curation: pairs, all": "/curation/pairs/?state=all",
    "curation: pairs of a cluster": "/curation/pairs/?cluster={cluster}",
    "curation: pairs, flagged": "/curation/pairs/?flagged=yes",
    "curation: pairs, a word": "/curation/pairs/?q=garden",
    "curation: entries": "/curation/entries/",
    "curation: entries, page 500": "/curation/entries/?page=500",
    "curation: clusters": "/curation/clusters/",
    "training: runs": "/training/runs/",
    "training: adapters": "/training/adapters/",
    "jobs": "/jobs/",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder whose database is kept and used again")
    kept = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as folder:
        report: Report = {"machine": machine(), **measure(kept or Path(folder))}
    return write_report(NAME, report, TITLES)


def measure(folder: Path) -> Report:
    """Fill a database in ``folder`` and time every page."""
    reports = os.environ.get("UNO_DATA_DIR")
    os.environ.update(
        DJANGO_SETTINGS_MODULE="uno_site.settings.test", UNO_DATA_DIR=str(folder), UNO_DEBUG="false"
    )
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder / 'pages.sqlite3'}")
    import django

    django.setup()
    from django.core.management import call_command

    from tests.benchmarks.page_data import fill, sizes

    call_command("migrate", verbosity=0)
    fixed, found = time_pages(fill())
    # The report belongs to the instance, not to the folder that goes away.
    os.environ.pop("UNO_DATA_DIR") if reports is None else os.environ.update(UNO_DATA_DIR=reports)
    return {"size": sizes(), "fixed_work": fixed, "pages": found}


def time_pages(user: Any) -> tuple[Report, Report]:
    """Milliseconds of a fixed piece of work; milliseconds and queries of every page, in turns.

    The CPU's milliseconds say what is left of the others where the machine has more to do.
    """
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from curation.models import Cluster

    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    cluster = Cluster.objects.order_by("name").first()
    urls = {name: url.format(cluster=cluster.pk) for name, url in PAGES.items()}
    n_queries: dict[str, int] = {}
    times: defaultdict[str, list[float]] = defaultdict(list)
    work: defaultdict[str, list[float]] = defaultdict(list)
    fixed: list[float] = []
    for turn in range(N_WARM + N_ROUNDS):
        if turn >= N_WARM:
            started = time.perf_counter()
            sum(range(N_ADDITIONS))
            fixed.append(1_000 * (time.perf_counter() - started))
        for name, url in urls.items():
            if turn == 0:
                with CaptureQueriesContext(connection) as queries:
                    _get(client, url)
                n_queries[name] = len(queries)
                continue
            started, cpu = time.perf_counter(), time.process_time()
            _get(client, url)
            if turn >= N_WARM:
                times[name].append(1_000 * (time.perf_counter() - started))
                work[name].append(1_000 * (time.process_time() - cpu))
    spread = {"p50_ms": _quantile(fixed, 0.5), "p95_ms": _quantile(fixed, 0.95)}
    return spread, {name: _figures(times[name], work[name], n_queries[name]) for name in urls}


def _get(client: Any, url: str) -> None:
    status = client.get(url).status_code
    if status != 200:
        raise RuntimeError(f"{url} answered {status}.")


def _figures(times: list[float], work: list[float], n_queries: int) -> Report:
    return {
        "p50_ms": _quantile(times, 0.5),
        "p95_ms": bar(_quantile(times, 0.95), MAX_MS, at_least=False),
        "p95_cpu_ms": _quantile(work, 0.95),
        "queries": n_queries,
    }


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(round(share * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
