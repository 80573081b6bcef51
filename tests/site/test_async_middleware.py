"""All middleware serves async requests, so that a streamed reply keeps no thread waiting."""

import pytest
from django.conf import settings
from django.test import AsyncClient
from django.utils.module_loading import import_string

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("path", settings.MIDDLEWARE)
def test_it_is_async(path: str) -> None:
    assert getattr(import_string(path), "async_capable", False)


async def test_static_files_and_pages_are_served_either_way(client) -> None:
    for path, status in (("/static/css/uno.css", 200), ("/health", 200), ("/", 302)):
        assert (await AsyncClient().get(path)).status_code == status
