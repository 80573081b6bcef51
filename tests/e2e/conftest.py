"""A running product and a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.product import Product, running_product
from tests.e2e.steps import enter

# A busy machine takes its time; what is asserted does not depend on it.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """UNO as ``make run`` starts it, on fresh data."""
    with running_product(tmp_path_factory.mktemp("product")) as product:
        yield product


SignIn = Callable[[str], Page]


@pytest.fixture
def sign_in(product: Product, browser: Browser) -> Iterator[SignIn]:
    """Open a browser of one's own and sign in as one of the first accounts."""
    contexts = []

    def open_as(username: str, width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(
            base_url=product.url, viewport={"width": width, "height": height}
        )
        contexts.append(context)
        page = context.new_page()
        enter(page, username, product.password(username))
        return page

    yield open_as
    for context in contexts:
        context.close()


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep screenshots: under ``docs/images`` when UNO_KEEP_IMAGES is set, else with the test."""
    root = Path(__file__).resolve().parents[2]
    keep = "UNO_KEEP_IMAGES" in os.environ
    folder = root / "docs/images" if keep else request.getfixturevalue("tmp_path")

    def take(page: Page, name: str) -> None:
        page.screenshot(path=str(folder / f"{name}.png"))

    return take
