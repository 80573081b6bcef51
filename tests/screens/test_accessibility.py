"""axe-core finds nothing serious on any screen of any role, in both themes and at both widths."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.screens.roles import FOR_ADMINS_TOO, SCREENS
from tests.screens.web import Addresses

pytestmark = pytest.mark.e2e
AXE = (Path(__file__).parent / "vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
#: What reacts to a new size has done so by then.
TWO_FRAMES = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
RUN = """
() => axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ") + " "
    + (node.any[0]?.message ?? "")).slice(0, 4).join(" | ")}`))
"""


@pytest.mark.parametrize("role", SCREENS)
def test_nothing_serious_is_found(
    role: str, screens: Addresses, open_as: Callable[[str], Page]
) -> None:
    page = open_as(role)
    expected = {*SCREENS[role], *(FOR_ADMINS_TOO if role == "admin" else ())}
    assert set(screens[role]) == expected, "The filled instance lacks an example."
    found = {}
    for name, address in screens[role].items():
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        answer = page.goto(address)
        assert answer is not None and answer.status == 200, f"{name}: {address}"
        page.wait_for_load_state("networkidle")
        if problems := look(page):
            found[name] = problems
    assert not found, json.dumps(found, indent=1)


@pytest.mark.parametrize("role", SCREENS)
def test_german_words_fit_a_phone(
    role: str, screens: Addresses, open_as: Callable[[str], Page]
) -> None:
    page = open_as(role)
    page.set_viewport_size({"width": WIDTHS[1], "height": 900})
    page.set_extra_http_headers({"Accept-Language": "de"})
    too_wide = {}
    for name, address in screens[role].items():
        page.goto(address)
        assert page.locator("html").get_attribute("lang") == "de"
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > WIDTHS[1]:
            too_wide[name] = width
    assert not too_wide


def look(page: Page) -> dict[str, Any]:
    """What axe finds on the page as it is, in each theme and at each width."""
    page.evaluate(AXE)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(TWO_FRAMES)
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if problems := page.evaluate(RUN):
                found[f"{width} {theme}"] = problems
    return found
