"""Where the tabs do not fit on a phone, the one that is open is scrolled into sight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.screens.web import Addresses

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("role", "screen"),
    [
        ("curator", "training:engines"),
        ("curator", "training:dashboard"),
        ("admin", "runtime:settings"),
    ],
)
def test_the_open_tab_is_in_sight(
    role: str, screen: str, screens: Addresses, open_as: Callable[[str], Page]
) -> None:
    page = open_as(role)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(screens[role][screen])
    expect(page.locator(".tab[aria-current]").first).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("window.scrollX + window.scrollY") == 0
