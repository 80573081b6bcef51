"""What the database needs from us beside migrations."""

from __future__ import annotations

from django.db import connection

ANALYSIS_LIMIT = 400
"""SQLite looks at so many rows of an index at most, as its manual advises."""


def needs_statistics() -> bool:
    """Whether nobody else keeps the planner's statistics: PostgreSQL does it by itself."""
    return connection.vendor == "sqlite"


def statistics_refresh() -> None:
    """Tell SQLite's planner how its tables are filled; well under a second.

    Without it SQLite takes the first unique index it finds, and reads whole rows where an index
    holds all that is asked.
    """
    if not needs_statistics():
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA analysis_limit = {ANALYSIS_LIMIT}")
        cursor.execute("ANALYZE")


def transaction_lock(number: int) -> None:
    """Wait until no other transaction holds this lock, and hold it until one's own ends.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
