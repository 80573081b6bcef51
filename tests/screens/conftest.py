"""A filled instance and a browser, for every test of screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.product import Product
from tests.e2e.steps import enter
from tests.screens.web import Addresses, addresses, filled_web


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A filled instance, web only."""
    with filled_web(tmp_path_factory.mktemp("screens")) as instance:
        yield instance


@pytest.fixture(scope="session")
def screens(instance: Product) -> Addresses:
    """Each role's screens and their addresses there."""
    return addresses(instance)


@pytest.fixture
def open_as(instance: Product, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """A page of a browser in which a role is signed in; "" is nobody."""
    contexts = []

    def open_page(role: str) -> Page:
        context = browser.new_context(
            base_url=instance.url, viewport={"width": 1280, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        if role:
            enter(page, role, instance.password(role))
        return page

    yield open_page
    for context in contexts:
        context.close()
