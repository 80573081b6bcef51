"""Paging by key: the next page begins behind a row, whatever came or went before it.

No page costs more than the first one, and a list whose rows leave while one reads it (a queue)
skips none. A cursor is opaque to the browser; one that makes no sense begins at the first page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, OrderBy, Q, QuerySet


@dataclass(frozen=True, slots=True)
class Key:
    """A field to order by; rows without a value come first or last."""

    field: str
    is_descending: bool = False
    is_nullable: bool = False
    nulls_first: bool = False

    def ordering(self) -> OrderBy:
        """The field as ``order_by`` takes it."""
        first = (self.nulls_first or None) if self.is_nullable else None
        last = (not self.nulls_first or None) if self.is_nullable else None
        return OrderBy(F(self.field), self.is_descending, nulls_first=first, nulls_last=last)

    def equal(self, value: Any) -> Q:
        """Rows that have this value."""
        return Q(**{f"{self.field}__isnull": True}) if value is None else Q(**{self.field: value})

    def beyond(self, value: Any) -> Q:
        """Rows that come after this value."""
        is_null = Q(**{f"{self.field}__isnull": True})
        if value is None:
            return ~is_null if self.nulls_first else Q(pk__in=[])
        ahead = Q(**{f"{self.field}__{'lt' if self.is_descending else 'gt'}": value})
        return ahead | is_null if self.is_nullable and not self.nulls_first else ahead


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a list in order; ``cursor`` is where the next ones begin, or empty."""

    rows: list[Any]
    cursor: str = ""


def stretch(rows: QuerySet, keys: Sequence[Key], size: int, cursor: str = "") -> Stretch:
    """``size`` rows behind ``cursor``, ordered by ``keys`` (the last one "pk"), in two queries.

    The first reads the keys alone: sorting rows with their texts would cost a database more
    than anything else here.
    """
    fields = [key.field for key in keys]
    found = rows.order_by(*(key.ordering() for key in keys))
    if (values := _decode(cursor, keys)) is not None:
        found = found.filter(_behind(keys, values))
    places = list(found.values_list(*fields)[: size + 1])
    shown = [place[-1] for place in places[:size]]
    by_id = {row.pk: row for row in rows.order_by().filter(pk__in=shown)} if shown else {}
    more = _encode(places[size - 1]) if len(places) > size else ""
    return Stretch([by_id[pk] for pk in shown if pk in by_id], more)


def _behind(keys: Sequence[Key], values: Sequence[Any]) -> Q:
    behind, level = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        behind |= level & key.beyond(value)
        level &= key.equal(value)
    return behind


def _encode(values: Sequence[Any]) -> str:
    plain = [_plain(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _plain(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    return {"t": value.isoformat()} if isinstance(value, datetime) else {"u": str(value)}


def _decode(cursor: str, keys: Sequence[Key]) -> list[Any] | None:
    """The values of a cursor; None for one that these keys cannot have made."""
    with suppress(ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        plain = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return [_value(key, item) for key, item in zip(keys, plain, strict=True)]
    return None


def _value(key: Key, item: Any) -> Any:
    """A key's value: a row's id for "pk", else a time; missing where rows may have none."""
    if item is None and key.is_nullable:
        return None
    if key.field == "pk":
        return UUID(item["u"])
    return datetime.fromisoformat(item["t"]).astimezone(UTC)
