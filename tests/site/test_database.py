"""SQLite's planner knows how its tables are filled once somebody has looked after it."""

from __future__ import annotations

import pytest
from django.db import connection

from curation.models import LogEntry
from tests.factories import LogEntryFactory
from uno_site.database import needs_statistics, statistics_refresh

pytestmark = pytest.mark.django_db


def test_statistics_are_kept_where_nobody_else_keeps_them() -> None:
    LogEntryFactory.create_batch(3)
    statistics_refresh()
    assert needs_statistics() == (connection.vendor == "sqlite")
    if needs_statistics():
        with connection.cursor() as cursor:
            table = LogEntry._meta.db_table
            cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = %s", [table])
            assert {row[0].split()[0] for row in cursor.fetchall()} == {"3"}
