"""A button that is pressed twice, where two processes write at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.scripted import ScriptedClient
from tests.training.conftest import make_material
from training.models import Adapter, Promotion
from training.services.promotion import promote, rollback
from uno_site.errors import Conflict

pytestmark = [
    pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite lets one process write at a time"
    ),
    pytest.mark.django_db(transaction=True),
]
Make = Callable[..., Adapter]
N_AT_ONCE = 4


def letters(name: str) -> Cluster:
    cluster = ClusterFactory(name=name)
    make_material(cluster, 2)
    return cluster


def test_of_promotions_at_once_one_is_published_and_can_be_gone_back_from(
    make: Make, scripted: ScriptedClient
) -> None:
    promote([make(letters("Letters"))], None)
    first = Promotion.objects.get().table
    adapter, meet = make(letters("Tips")), threading.Barrier(N_AT_ONCE)

    def press(_: int) -> str:
        meet.wait(timeout=30)
        try:
            return str(promote([adapter], None).table.version)
        except Conflict:
            return "no"
        finally:
            connection.close()

    with ThreadPoolExecutor(N_AT_ONCE) as pool:
        said = sorted(pool.map(press, range(N_AT_ONCE)))
    assert said == ["2", *["no"] * (N_AT_ONCE - 1)]
    assert Promotion.objects.get(table__version=2).previous_table == first
    assert rollback(None).table.routes.exclude(kind="base").count() == 1
