"""Paging by key goes through every row once, in the order of the list."""

from __future__ import annotations

from datetime import timedelta

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
