"""The database's triggers that write :class:`~chat.experience.models.StoreChange`.

Whoever changes a note, by whatever way, a cascade or SQL included, what searches know is told.
Counters of use are no part of what is searched and tell nothing. On PostgreSQL a lock, held
until the commit, makes ids grow in the order of the commits.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

#: What a search depends on.
WATCHED = (
    *("scope", "owner_id", "group_id", "status", "embedder", "vector"),
    *("valid_from", "invalid_at", "origin_id", "is_in_adapter"),
)
_NOTES, _CHANGES = "experience_experience", "experience_storechange"
#: PostgreSQL's lock of whoever changes notes, or takes changes up, until the commit.
STORE_LOCK = 7_110_011

_SQLITE_DIFFERS = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in WATCHED)


def _sqlite_add(row: str) -> str:
    return (
        f"BEGIN INSERT INTO {_CHANGES} (experience_id, token)"  # noqa: S608 - names of ours
        f" VALUES ({row}.id, lower(hex(randomblob(16)))); END"
    )


_SQLITE = {
    "experience_change_insert": f"AFTER INSERT ON {_NOTES} {_sqlite_add('NEW')}",
    "experience_change_delete": f"AFTER DELETE ON {_NOTES} {_sqlite_add('OLD')}",
    "experience_change_update": (
        f"AFTER UPDATE ON {_NOTES} WHEN {_SQLITE_DIFFERS} {_sqlite_add('NEW')}"
    ),
}

_POSTGRES_DIFFERS = " OR ".join(f"o.{name} IS DISTINCT FROM n.{name}" for name in WATCHED)
_POSTGRES_ROWS = {
    "insert": "SELECT n.id FROM new_rows n",
    "delete": "SELECT o.id FROM old_rows o",
    "update": (
        f"SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE {_POSTGRES_DIFFERS}"  # noqa: S608 - names of ours
    ),
}
_POSTGRES_TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
    "update": "NEW TABLE AS new_rows OLD TABLE AS old_rows",
}


def ensure(using: str = "default") -> bool:
    """Make the triggers where they are missing; whether this database can have them."""
    connection = connections[using]
    make = {"sqlite": _sqlite_ensure, "postgresql": _postgres_ensure}.get(connection.vendor)
    if make is None or _NOTES not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        make(cursor)
    return True


def _sqlite_ensure(cursor: Any) -> None:
    for name, body in _SQLITE.items():
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        cursor.execute(f"CREATE TRIGGER {name} {body}")


def _postgres_ensure(cursor: Any) -> None:
    for verb, rows in _POSTGRES_ROWS.items():
        body = f"""
            IF EXISTS ({rows}) THEN
                PERFORM pg_advisory_xact_lock({STORE_LOCK});
                INSERT INTO {_CHANGES} (experience_id, token)
                    SELECT id, md5(random()::text || clock_timestamp()::text) FROM ({rows}) r;
            END IF;"""  # noqa: S608 - names of ours
        name = f"experience_change_{verb}"
        postgres_trigger(cursor, name, verb, f"REFERENCING {_POSTGRES_TABLES[verb]}", body)


def postgres_trigger(cursor: Any, name: str, verb: str, tables: str, body: str) -> None:
    """Make, or make anew, a trigger that runs once after each statement on notes.

    Parameters
    ----------
    tables
        ``REFERENCING …``, where the body asks for old or new rows.
    body
        Statements of PL/pgSQL, each with its semicolon.
    """
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN {body} RETURN NULL; END $$"
    )
    cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {_NOTES}")
    cursor.execute(
        f"CREATE TRIGGER {name} AFTER {verb.upper()} ON {_NOTES} {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )
