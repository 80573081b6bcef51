"""A running product and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.product import Product, running_product
from tests.e2e.steps import enter

# Playwright's synchronous interface runs an event loop; Django must not mind.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# A busy machine takes its time; what is asserted does not depend on it.
expect.set_options(timeout=60_000)

BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """UNO as ``make run`` starts it, on fresh data."""
    with running_product(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("chromium is not installed; `make test` installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


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
