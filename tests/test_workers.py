"""Workers that test side by side share a Redis server and no database on it."""

from __future__ import annotations

from tests.workers import redis_of


def test_each_worker_has_a_database_of_its_own() -> None:
    found = [redis_of("redis://:secret@127.0.0.1:56379/0", f"gw{n}") for n in range(8)]
    assert found[0] == "redis://:secret@127.0.0.1:56379/1"
    assert len(set(found)) == 8
    assert redis_of("redis://127.0.0.1:6379", "gw14") == "redis://127.0.0.1:6379/15"
    assert redis_of("redis://127.0.0.1:6379", "gw15") == "redis://127.0.0.1:6379/1"
