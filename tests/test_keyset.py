"""Paging by key goes through every row once, in the order of the list."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from curation.models import PreferencePair
from curation.queues import DECIDED, LATEST, WAITING
from tests.factories import PairFactory
from uno_site.keyset import Key, stretch

pytestmark = pytest.mark.django_db


@pytest.fixture
def pairs(db: None) -> None:
    """Rows with equal and missing values in every key."""
    moment = timezone.now()
    for n in range(11):
        pair = PairFactory()
        PreferencePair.objects.filter(pk=pair.pk).update(
            created_at=moment + timedelta(seconds=n // 3),
            skipped_at=None if n % 2 else moment + timedelta(seconds=n // 4),
            reviewed_at=None if n % 3 else moment - timedelta(seconds=n // 5),
        )


@pytest.mark.parametrize("keys", [LATEST, WAITING, DECIDED])
@pytest.mark.parametrize("size", [1, 3, 11, 20])
def test_all_rows_once_and_in_order(pairs: None, keys: tuple[Key, ...], size: int) -> None:
    whole = list(PreferencePair.objects.order_by(*(key.ordering() for key in keys)))
    found, cursor = [], ""
    while True:
        part = stretch(PreferencePair.objects.all(), keys, size, cursor)
        found += part.rows
        if not (cursor := part.cursor):
            break
    assert found == whole


def cursor_of(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


TIME, ID = {"t": "2026-01-01T00:00:00+00:00"}, {"u": str(UUID(int=7))}


@pytest.mark.parametrize(
    "cursor",
    [
        "no cursor",
        cursor_of(),
        cursor_of(ID, ID),
        cursor_of(TIME, TIME),
        cursor_of(TIME, ID, ID),
        cursor_of(None, ID),
        cursor_of({"t": "9999-12-31T23:59:59-12:00"}, ID),
        cursor_of({"t": 7}, ID),
        base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    ],
)
def test_a_cursor_that_makes_no_sense_begins_at_the_first_page(pairs: None, cursor: str) -> None:
    rows = PreferencePair.objects.all()
    assert stretch(rows, LATEST, 3, cursor) == stretch(rows, LATEST, 3)
