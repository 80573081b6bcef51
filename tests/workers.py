"""Tests that run side by side, with a Redis database for each of pytest's workers.

Django gives each worker a database of its own; on Redis one test would empty another's cache. A
plugin, so that it is loaded before the settings are read.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

#: Redis has so many databases unless told otherwise; the first is for tests that run alone.
N_DATABASES = 16


def redis_of(url: str, worker: str) -> str:
    """The Redis address of a worker ("gw0", "gw1", ...): the same server, another database."""
    number = 1 + int(worker.removeprefix("gw")) % (N_DATABASES - 1)
    return urlsplit(url)._replace(path=f"/{number}").geturl()


if os.environ.get("REDIS_URL") and os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["REDIS_URL"] = redis_of(os.environ["REDIS_URL"], os.environ["PYTEST_XDIST_WORKER"])
