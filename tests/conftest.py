"""Fixtures shared by all rooms: people, their browsers' sessions, and a real engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright

from tests.browsers import BROWSER_ARGUMENTS, chromium_path
from tests.engines import running_engine
from tests.factories import UserFactory
from tests.inference.scripted_engine import ScriptedEngine, scripted_engines
from uno_site import engine_clients
from uno_site.accounts.models import Role, User

SCREENS = Path(__file__).parent / "screens"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only", action="store_true", help="leave out the tests that use no database"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The browser's tests come last: Playwright keeps an event loop running once it has begun."""
    if config.getoption("database_only"):
        left_out = [item for item in items if not _uses_database(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _uses_database(item)]
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


def _uses_database(item: pytest.Item) -> bool:
    """Whether another database may change what the test finds; how a page looks it does not."""
    if SCREENS in item.path.parents:
        return False
    names = set(getattr(item, "fixturenames", ()))
    markers = (item.get_closest_marker(name) for name in ("django_db", "e2e"))
    return any(markers) or bool(names & {"db", "transactional_db", "live_server"})


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """The language that a page was asked for in stays with its test."""
    yield
    translation.deactivate()


@pytest.fixture
def alice(db: None) -> User:
    """A user who owns things."""
    return UserFactory(username="alice")


@pytest.fixture
def bob(db: None) -> User:
    """Another user: a stranger to alice's things."""
    return UserFactory(username="bob")


@pytest.fixture
def curator(db: None) -> User:
    return UserFactory(username="curator", role=Role.CURATOR)


@pytest.fixture
def admin(db: None) -> User:
    return UserFactory(username="admin", role=Role.ADMIN)


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """A signed-in browser session of somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def engine_data_dir() -> Path:
    """Where the prepared reference model is kept between test runs."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache_home / "uno" / "test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def engine_url(engine_data_dir: Path) -> Iterator[str]:
    """The address of a real engine process with the reference model."""
    with running_engine(engine_data_dir) as engine:
        yield engine.url


@pytest.fixture
def engine(engine_url: str, settings: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """The served client, pointed at the real engine."""
    from dataclasses import replace

    from uno_site import engine_clients

    settings.UNO = replace(settings.UNO, engine_url=engine_url)
    engine_clients.served_client.cache_clear()
    yield engine_clients.served_client()
    engine_clients.served_client.cache_clear()


@pytest.fixture
def engines(settings: Any) -> Iterator[list[ScriptedEngine]]:
    """Two scripted engines, which are the served replicas."""
    with scripted_engines(2) as engines:
        urls = ", ".join(engine.url for engine in engines)
        settings.UNO = replace(settings.UNO, engine_url=urls)
        engine_clients.served_client.cache_clear()
        yield engines
        engine_clients.served_client.cache_clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, headless."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()
